// C1: control messages and REST bodies that are nearly right: taken, or refused with a typed error; nothing is polluted.
import assert from 'node:assert/strict';
import {
  asDeviceView,
  asErrorBody,
  asExportedDevice,
  asHubView,
  asImportedDevice,
  asOpenStreamAnswer,
  asOpenStreamBody,
  asPutDeviceBody,
  asPutPolicyBody,
  decodeDeviceMessage,
  decodeHubMessage,
  parseObject,
} from '@streams/protocol/internal';
import { corpus, fuzz, FUZZ_SEED, observeFile, typed } from '@streams/testkit';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { nearly } from './support/json.ts';
import { PlainHub, readAnswer } from './support/plain-hub.ts';

const FILE = 'packages/hub/test/faults/fuzz/messages.test.ts';
observeFile();

const ID = 'AAECAwQFBgcICQoLDA0ODw';
const TOKEN = 'A'.repeat(43);
const KEY = Buffer.alloc(32).toString('base64');
const DEVICE = { deviceId: 'pump-7', enabled: true, keys: [KEY, KEY] };
const CONTROL = [
  { type: 'accept', streamId: ID, protocol: 'streams.v1', capabilities: ['tunnel'] },
  { type: 'reject', streamId: ID, code: 'STREAM_REJECTED', reason: 'no' },
  { type: 'lost', streamId: ID },
  { type: 'welcome', hub: { name: 'h', version: '1' }, streamingEndpoints: ['https://h'], timeMs: 1, capabilities: [] },
  {
    type: 'request',
    streamId: ID,
    name: 'ssh',
    headers: { a: 'b' },
    protocols: ['streams.v1'],
    capabilities: [],
    requester: { policy: 'p' },
    timeoutMs: 1_000,
    url: 'wss://h/',
    token: TOKEN,
    resumes: ID,
  },
  { type: 'cancel', streamId: ID, code: 'ABORTED' },
  { type: 'goaway', withinMs: 10 },
];
const BODIES = [
  { name: 'ssh', headers: { a: 'b' }, protocols: ['streams.v1'], capabilities: [], timeoutMs: 1_000, resumes: ID, resumeCount: 1 },
  { enabled: true, keys: [KEY, KEY] },
  { keys: [KEY], permissions: ['stream:create'], devices: ['pump-*'], streams: ['ssh'], expiresAt: '2027-01-01T00:00:00.000Z' },
  { ...DEVICE, connected: true, etag: 'e' },
  { streamId: ID, protocol: 'streams.v1', capabilities: [], url: 'wss://h/', token: TOKEN, expiresInMs: 1 },
  { code: 'FORBIDDEN', message: 'no', retryable: false, trackingId: ID, details: { reason: 'x' }, retryAfterMs: 5 },
  { hostName: 'h', streamingEndpoints: ['https://h'], version: '1' },
  DEVICE,
];
const GUARDS = [
  asOpenStreamBody,
  asPutDeviceBody,
  asPutPolicyBody,
  asDeviceView,
  asOpenStreamAnswer,
  asErrorBody,
  asHubView,
  asImportedDevice,
  asExportedDevice,
];

let hub: PlainHub;

beforeAll(async () => {
  hub = await PlainHub.start();
});
afterAll(async () => {
  await hub.expectWell();
  await hub.hub.close();
});

/** Everybody who could get such a text reads it. */
function read(text: string): void {
  for (const decode of [decodeDeviceMessage, decodeHubMessage]) checkFresh(typed(() => decode(text)));
  const fields = typed(() => parseObject(text, 'body'));
  if (fields) for (const guard of GUARDS) checkFresh(typed(() => guard(fields)));
  assert(!('polluted' in {}), 'all objects are polluted');
}

/** What a guard gives has the prototype of all objects, and that of nobody else. */
function checkFresh(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const prototype: unknown = Object.getPrototypeOf(value);
  assert(prototype === Object.prototype || prototype === Array.prototype, 'an object with a prototype of its own');
  Object.values(value).forEach(checkFresh);
}

/** The bodies of requests, many at once on one connection. */
async function post(bodies: readonly string[]): Promise<void> {
  const peer = await hub.connect();
  const paths = ['PUT /v1/devices/pump-7', 'POST /v1/devices/pump-7/streams', 'PUT /v1/policies/p'];
  peer.write(
    bodies.map((body, index) => hub.request(...((paths[index % paths.length] ?? '').split(' ') as [string, string]), body)).join(''),
  );
  try {
    for (const _ of bodies) await readAnswer(peer);
  } finally {
    peer.destroy();
  }
}

describe(`messages, seed ${FUZZ_SEED}`, () => {
  it.each(corpus(new URL('corpus/messages/', import.meta.url)))('C1 %s', async (_, bytes) => {
    read(bytes.toString());
    await post([bytes.toString()]);
  });

  it('C1 45,000 control messages and bodies are taken, or refused with an error of the table', { timeout: 120_000 }, async () => {
    await fuzz({ file: FILE, inputs: 45_000, batch: 10, input: nearly([...CONTROL, ...BODIES]), check: (texts) => texts.forEach(read) });
  });

  it('C1 5,000 bodies are answered by a hub', { timeout: 120_000 }, async () => {
    const input = nearly(BODIES.slice(0, 3)).filter((text) => text !== '');
    await fuzz({ file: FILE, inputs: 5_000, batch: 20, input, check: post });
  });
});

// Every outcome of a stream request leaves a record, whatever stopped it; and in all that is logged there is no secret.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceClient } from '@streams/device';
import { parseDeviceConnectionString, parseServiceConnectionString } from '@streams/protocol/internal';
import { createLogger } from '@streams/hub';
import { ServiceClient } from '@streams/service';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { leakCheck, OPCODE, type RawPeer } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MemoryRegistry } from '../../src/devices/memory-registry.ts';
import { deviceAuthorization, rawLink } from '../support/raw.ts';
import { authorization, call } from '../support/rest.ts';
import { until } from '../support/streams.ts';

/** Its disk can fail. */
class FailingRegistry extends MemoryRegistry {
  fails = false;

  override async get(...[deviceId]: Parameters<MemoryRegistry['get']>): ReturnType<MemoryRegistry['get']> {
    if (this.fails && deviceId === 'pump-7') throw new Error('the disk is broken');
    return super.get(deviceId);
  }
}

const leaks = leakCheck();
const registry = new FailingRegistry();
let directory: string;
let test: TestHub;
let device: DeviceClient;
let service: ServiceClient;
/** All that the hub has said, as its operator's log has it. */
let said = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streams-log-'));
  const key = (): string => randomBytes(32).toString('base64');
  test = await startTestHub({
    registry,
    resourceLog: { directory, format: 'azure' },
    logger: createLogger(undefined, { write: (line) => void (said += line) }),
    policies: [
      { name: 'test', keys: [key(), key()], permissions: ['stream:create', 'hub:read'] },
      { name: 'reader', keys: [key()], permissions: ['device:read', 'hub:read'] },
    ],
  });
  device = DeviceClient.fromConnectionString(await test.deviceConnectionString('pump-7'));
  await test.deviceConnectionString('absent');
  service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
  await device.connect();
});
afterAll(async () => {
  await test.close();
  await rm(directory, { recursive: true });
  await leaks.settled();
});

async function lastRecord(): Promise<Record<string, unknown>> {
  const { body } = await call(test, 'GET', '/v1/diagnostics/logs?limit=1');
  return (body['records'] as Record<string, unknown>[])[0] ?? {};
}

/** Asks as a program without an SDK would. */
function ask(deviceId: string, name: string, headers: Record<string, string> = {}): Promise<{ status: number }> {
  return call(test, 'POST', `/v1/devices/${deviceId}/streams`, { body: { name }, headers });
}

/** What the hub asks a device that is a raw peer, behind its welcome. */
async function nextRequest(link: RawPeer): Promise<{ streamId: string; token: string }> {
  for (;;) {
    const message = JSON.parse((await link.readFrame()).payload.toString()) as { type: string; streamId: string; token: string };
    if (message.type === 'request') return message;
  }
}

const common = { operation: 'handshake', policy: 'test', address: '127.0.0.1', streamId: '', result: 'failed' };

it.each([
  ['unknown', 404, 'DEVICE_NOT_FOUND'],
  ['absent', 404, 'DEVICE_NOT_CONNECTED'],
])('a device that is %s', async (deviceId, status, code) => {
  expect((await ask(deviceId, 'ssh')).status).toBe(status);
  expect(await lastRecord()).toMatchObject({ ...common, deviceId, streamName: 'ssh', code });
});

it('a policy that may not, and a device that asks', async () => {
  expect((await ask('pump-7', 'ssh', { authorization: await authorization(test, 'reader') })).status).toBe(403);
  expect(await lastRecord()).toMatchObject({ ...common, policy: 'reader', deviceId: 'pump-7', streamName: 'ssh', code: 'FORBIDDEN' });
  expect((await ask('pump-7', 'ssh', { authorization: await deviceAuthorization(test, 'absent') })).status).toBe(403);
  expect(await lastRecord()).toMatchObject({ ...common, policy: 'device:absent', deviceId: 'pump-7', code: 'FORBIDDEN' });
});

it('a registry that fails', async () => {
  registry.fails = true;
  expect((await ask('pump-7', 'ssh')).status).toBe(500);
  registry.fails = false;
  expect(await lastRecord()).toMatchObject({ ...common, deviceId: 'pump-7', code: 'INTERNAL' });
});

it('no handler, a rejection, a time-out, a call that was given up', async () => {
  const open = (name: string, timeoutMs = 5_000, signal?: AbortSignal): Promise<unknown> =>
    service.createStream('pump-7', { name, timeoutMs, signal, resume: 'off' }).catch(() => undefined);
  await open('none');
  expect(await lastRecord()).toMatchObject({ result: 'rejected', code: 'NO_HANDLER', closeCode: null });
  device.onStreamRequest(async (request) => {
    if (request.name === 'no') request.reject('not today');
    else await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
  });
  await open('no');
  expect(await lastRecord()).toMatchObject({ result: 'rejected', code: 'STREAM_REJECTED', reason: 'not today' });
  await open('slow', 50);
  expect(await lastRecord()).toMatchObject({ result: 'timed-out', code: 'HANDSHAKE_TIMEOUT', phase: 'answer' });
  await open('slow', 5_000, AbortSignal.timeout(50));
  await until(() => said.includes('handshake cancelled'));
  expect(await lastRecord()).toMatchObject({ result: 'cancelled', code: 'ABORTED' });
});

it('C7 a hub that drains; and nothing that was issued stands anywhere', async () => {
  const secrets = await Promise.all(
    [test.deviceConnectionString('pump-7'), test.deviceConnectionString('absent')].map(async (text) =>
      parseDeviceConnectionString(await text).key.reveal(),
    ),
  );
  for (const policy of ['test', 'reader'])
    secrets.push(parseServiceConnectionString(await test.serviceConnectionString(policy)).key.reveal());
  // A device that accepts, and one that rejects with all that it knows.
  const [link] = await rawLink(test, 'absent');
  const tokens: string[] = [];
  for (const answer of ['accept', 'reject']) {
    const asked = call(test, 'POST', '/v1/devices/absent/streams', { body: { name: answer } });
    const { streamId, token } = await nextRequest(link);
    tokens.push(token);
    const hostile = `\u001b[2J\u202e\n{"x":1} HostName=h;SharedAccessKey=${secrets[1]} key ${secrets[1]} token ${token} Bearer ${token}`;
    const message = { type: answer, streamId, protocol: 'streams.v1', capabilities: [], code: 'STREAM_REJECTED', reason: hostile };
    link.writeFrame({ opcode: OPCODE.text, payload: Buffer.from(JSON.stringify(message)) });
    const { body } = await asked;
    if (typeof body['token'] === 'string') tokens.push(body['token']);
  }
  expect(tokens).toHaveLength(3);
  const draining = test.hub.drain({ limitMs: 300 });
  expect((await ask('pump-7', 'late')).status).toBe(503);
  link.destroy();
  await Promise.all([draining, service.close(), device.close()]);
  const names = await readdir(directory);
  const files = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  const all = [said, ...files].join('\n');
  expect(names.map((name) => name.split('-')[0])).toEqual(['azure', 'streams']);
  for (const secret of [...secrets, ...tokens]) expect(all.includes(secret)).toBe(false);
  for (const character of ['\u001b', '\u202e']) expect(all.includes(character)).toBe(false);
  expect(all.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
  expect(files.join('')).toContain('"code":"DRAINING"');
  expect(files.join('')).toContain(String.raw`\\u001b[2J\\u202e\\u000a{\"x\":1} HostName=h;SharedAccessKey=[redacted] key [redacted]`);
});

// B1: an id that people or attackers choose comes back byte for byte, or is refused; what it may be is said here anew, character by character.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isForResource, isName, parseSharedAccess, Secret, signSharedAccess } from '@streams/protocol/internal';
import { corpus, fuzz, FUZZ_SEED, observeFile } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpAnswer, PlainHub, readAnswer } from './support/plain-hub.ts';

const FILE = 'packages/hub/test/faults/fuzz/ids.test.ts';
observeFile();

const ALLOWED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.%_*?!(),:=@$'";
const KEY = new Secret(Buffer.alloc(32, 7).toString('base64'));
const DAY_MS = 86_400_000;

const nasty = fc.constantFrom(
  '.',
  '..',
  '%2f',
  '%252F',
  '%00',
  '/',
  '\\',
  '\u202e',
  'e\u0301',
  '\u00e9',
  '*',
  '>',
  ' ',
  '#',
  '?',
  '&',
  ';',
  '+',
  '\r\n',
  '\0',
  '__proto__',
  '\ud83d\ude00',
);
const fitting = fc.string({ unit: fc.constantFrom(...ALLOWED.split('')), minLength: 1, maxLength: 140, size: 'max' });
const text = fc.oneof(
  { weight: 4, arbitrary: fitting },
  fc.array(fc.oneof(nasty, fc.string({ maxLength: 4, size: 'max' })), { maxLength: 6, size: 'max' }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 12, size: 'max' }),
);
const ids = fc.oneof(
  { weight: 9, arbitrary: text },
  fc.tuple(text, nasty, text).map((parts) => parts.join('')),
);

let hub: PlainHub;

beforeAll(async () => {
  hub = await PlainHub.start();
});
afterAll(async () => {
  await hub.expectWell();
  await hub.hub.close();
});

function isFit(id: string): boolean {
  return id.length >= 1 && id.length <= 128 && id !== '.' && id !== '..' && id.split('').every((character) => ALLOWED.includes(character));
}

/** Each byte but letters and digits: what no URL and no proxy on the way touches. */
function encoded(id: string): string {
  return [...Buffer.from(id)]
    .map((byte) => (/[A-Za-z0-9]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`))
    .join('');
}

/** Creates, shows and deletes each: many at once on one connection, and the hub works at them side by side. */
async function roundTrip(all: readonly string[]): Promise<void> {
  const fit = all.filter(isFit);
  try {
    const created = await answers('PUT', all, '{}');
    for (const [index, id] of all.entries()) {
      const { status, body } = created[index] as HttpAnswer;
      assert.deepEqual([status, body['deviceId'] ?? body['code']], isFit(id) ? [201, id] : [400, 'INVALID_DEVICE_ID'], id);
    }
    expect((await answers('GET', fit)).map(({ body }) => body['deviceId'])).toEqual(fit);
    expect((await answers('DELETE', fit)).map(({ status }) => status)).toEqual(fit.map(() => 204));
  } catch (error) {
    // What is tried next is to find the hub as this has.
    await Promise.allSettled(all.map(async (id) => hub.hub.deleteDevice(id)));
    throw error;
  }
}

async function answers(method: string, all: readonly string[], body = ''): Promise<HttpAnswer[]> {
  const peer = await hub.connect();
  try {
    peer.write(all.map((id) => hub.request(method, `/v1/devices/${encoded(id)}`, body)).join(''));
    const read: HttpAnswer[] = [];
    while (read.length < all.length) read.push(await readAnswer(peer));
    return read;
  } finally {
    peer.destroy();
  }
}

/** A signature is for this id alone. */
function signs(id: string): void {
  assert.equal(isName(id), isFit(id), id);
  if (!isFit(id)) return;
  const received = parseSharedAccess(signSharedAccess({ resource: `hub/devices/${id}`, expiresAtMs: DAY_MS }, KEY));
  assert(received && isForResource(received, ['hub'], `/devices/${id}`), id);
  for (const other of [`${id}x`, id.slice(1), encoded(id), id.toUpperCase()].filter((each) => each !== id))
    assert(!isForResource(received, ['hub'], `/devices/${other}`), `${id} for ${other}`);
}

describe(`ids, seed ${FUZZ_SEED}`, () => {
  it.each(corpus(new URL('corpus/ids/', import.meta.url)))('B1 %s', async (_, bytes) => {
    const id = bytes.toString();
    await roundTrip([id]);
    signs(id);
  });

  it('B1 24,000 ids are told from one another', { timeout: 120_000 }, async () => {
    await fuzz({ file: FILE, inputs: 24_000, batch: 50, input: ids, check: (all) => all.forEach(signs) });
  });

  it('B1 6,000 ids come back from a hub as they are, or 400', { timeout: 120_000 }, async () => {
    await fuzz({ file: FILE, inputs: 6_000, batch: 50, input: ids, check: (all) => roundTrip([...new Set(all)]) });
  });
});

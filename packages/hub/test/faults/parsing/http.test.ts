// HTTP that is broken or ambiguous: refused, the connection closed, and nothing of it taken for a second request.
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { leakCheck, type Observed } from '@streams/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { observeHub } from '../../support/observe.ts';
import { rawPeer } from '../../support/raw.ts';
import { authorization } from '../../support/rest.ts';

const leaks = leakCheck();
let test: TestHub;
let watched: Observed;
let good: string;
beforeAll(async () => {
  // The changed credentials are no guesses.
  test = await startTestHub({ limits: { exemptAddresses: ['127.0.0.1'] } });
  watched = await observeHub(test);
  good = `Authorization: ${await authorization(test)}`;
});
afterAll(async () => {
  await watched.settled();
  await test.close();
  await leaks.settled();
});

const HOST = 'Host: 127.0.0.1';
const SMUGGLED = 'PUT /v1/devices/smuggled HTTP/1.1\r\n';
const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n\r\n`;

/** All statuses that come back for these bytes, and whether the hub closes the connection. */
async function statuses(bytes: string): Promise<{ statuses: number[]; isClosed: boolean }> {
  const peer = await rawPeer(test);
  peer.write(Buffer.from(bytes, 'latin1'));
  const isClosed = await Promise.race([
    peer.ended.then(() => true),
    new Promise<false>((resolve) => setTimeout(() => resolve(false), 1_500)),
  ]);
  const text = peer.unread.toString('latin1');
  peer.destroy();
  return { statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status)), isClosed };
}

it.each<[what: string, status: number, bytes: () => string]>([
  [
    'Content-Length and Transfer-Encoding',
    400,
    () =>
      lines('POST /v1/hub HTTP/1.1', HOST, good, 'Content-Length: 4', 'Transfer-Encoding: chunked') +
      `0\r\n\r\n${lines(SMUGGLED + HOST, good)}`,
  ],
  [
    'Transfer-Encoding and Content-Length',
    400,
    () =>
      lines('POST /v1/hub HTTP/1.1', HOST, good, 'Transfer-Encoding: chunked', 'Content-Length: 4') +
      `0\r\n\r\n${lines(SMUGGLED + HOST, good)}`,
  ],
  ['two lengths', 400, () => `${lines('PUT /v1/devices/a HTTP/1.1', HOST, good, 'Content-Length: 2', 'Content-Length: 3')}{}x`],
  ['a negative length', 400, () => lines('PUT /v1/devices/a HTTP/1.1', HOST, good, 'Content-Length: -1')],
  ['an unknown Transfer-Encoding', 400, () => lines('PUT /v1/devices/a HTTP/1.1', HOST, good, 'Transfer-Encoding: chunked, identity')],
  ['a chunk without a size', 400, () => `${lines('PUT /v1/devices/a HTTP/1.1', HOST, good, 'Transfer-Encoding: chunked')}zz\r\n{}\r\n`],
  ['a folded header', 400, () => lines('GET /v1/hub HTTP/1.1', HOST, 'Authorization: a', ' b')],
  ['a space before the colon', 400, () => lines('GET /v1/hub HTTP/1.1', HOST, good, 'X : y')],
  ['a NUL in a header', 400, () => lines('GET /v1/hub HTTP/1.1', HOST, good, 'X: a\0b')],
  ['bare line feeds', 400, () => `GET /v1/hub HTTP/1.1\n${HOST}\n${good}\n\n`],
  ['a bare carriage return', 400, () => `GET /v1/hub HTTP/1.1\r\n${HOST}\r\n${good}\r\nX: a\rb\r\n\r\n`],
  ['no host', 400, () => lines('GET /v1/hub HTTP/1.1', good)],
  ['version 2.0', 400, () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['an unknown method', 400, () => lines('HACK /v1/hub HTTP/1.1', HOST)],
  ['a header of 9 KiB', 431, () => lines('GET /v1/hub HTTP/1.1', HOST, `X: ${'x'.repeat(9_216)}`)],
  ['a target of 9 KiB', 431, () => lines(`GET /${'x'.repeat(9_216)} HTTP/1.1`, HOST)],
])('C3 %s: %i, closed, and no second request', async (_what, status, bytes) => {
  expect(await statuses(bytes())).toEqual({ statuses: [status], isClosed: true });
});

it('C3 more than 64 headers are refused: what Node leaves out of them may be the one that counts', async () => {
  const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `X-${index}: y`);
  expect(await statuses(lines('GET /healthz HTTP/1.1', HOST, ...many(62), 'Connection: close'))).toMatchObject({ statuses: [200] });
  for (const last of ['Origin: https://evil.example', 'Authorization: b', 'X-Last: y']) {
    expect(await statuses(lines('GET /v1/hub HTTP/1.1', HOST, good, 'Connection: close', ...many(98), last))).toMatchObject({
      statuses: [400],
    });
  }
});

it('C3 a thousand requests with a byte changed: an answer each, or a closed connection', { timeout: 60_000 }, async () => {
  const whole = lines('PUT /v1/devices/fuzzed HTTP/1.1', HOST, good, 'Content-Length: 2', 'X-Y: z').concat('{}');
  const open = 50;
  const mutant = fc.tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(2));
  const mutants = fc.sample(mutant, { numRuns: 1_000, seed: 1 }).map(([at, byte, how]) => {
    const bytes = Buffer.from(whole, 'latin1');
    if (how === 0) bytes[at] = byte;
    return how === 1
      ? bytes.subarray(0, at)
      : how === 2
        ? Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at)])
        : bytes;
  });
  for (let from = 0; from < mutants.length; from += open) {
    await Promise.all(
      mutants.slice(from, from + open).map(async (bytes) => {
        const peer = await rawPeer(test);
        peer.write(bytes);
        peer.end();
        await peer.ended;
        const [first = ''] = peer.unread.toString('latin1').split('\r\n');
        expect(first === '' || /^HTTP\/1\.1 [2-4]\d\d /.test(first), first).toBe(true);
        peer.destroy();
      }),
    );
  }
});

it('C3 none of them has smuggled a request in', async () => {
  const peer = await rawPeer(test);
  peer.write(lines('GET /v1/devices/smuggled HTTP/1.1', HOST, good));
  expect((await peer.readHead()).status).toBe(404);
  peer.destroy();
});

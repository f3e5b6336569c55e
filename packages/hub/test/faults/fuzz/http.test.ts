// C3: requests that are no requests, byte by byte: answered with a status of the page, or the connection is closed; and nothing else.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { corpus, fuzz, FUZZ_SEED, observeFile, RawPeer } from '@streams/testkit';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { PlainHub } from './support/plain-hub.ts';

const FILE = 'packages/hub/test/faults/fuzz/http.test.ts';
observeFile();

/** What the hub, and Node's parser before it, answer to strangers and to who asks wrongly. */
const STATUSES = [100, 200, 201, 204, 400, 401, 403, 404, 405, 409, 410, 412, 413, 417, 421, 426, 428, 429, 431];
/** A request of which the rest does not come is left waiting; then we end. */
const PATIENCE_MS = 20;

type Lines = readonly string[];
type Change = (lines: Lines) => Lines;

const VALID: readonly Lines[] = [
  ['GET /v1/devices HTTP/1.1', 'Host: 127.0.0.1', 'Authorization: @', '', ''],
  ['PUT /v1/devices/a HTTP/1.1', 'Host: 127.0.0.1', 'Authorization: @', 'Content-Length: 2', '', '{}'],
  ['POST /v1/devices/a/streams HTTP/1.1', 'Host: 127.0.0.1', 'Authorization: @', 'Transfer-Encoding: chunked', '', '2', '{}', '0', '', ''],
  [
    'GET /v1/devices/a/control HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Authorization: @',
    '',
    '',
  ],
  [
    'GET /v1/streams/AAECAwQFBgcICQoLDA0ODw/device HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    `Authorization: Bearer ${'A'.repeat(43)}`,
    '',
    '',
  ],
  ['GET /healthz HTTP/1.1', 'Host: 127.0.0.1', '', ''],
];
const TARGETS = [
  '/',
  '*',
  '//v1/devices',
  'http://evil.example/v1/devices',
  '/v1/devices/..',
  '/v1/devices/%2e%2e',
  '/v1/devices/%',
  '/v1/devices?token=a',
  '/v1/devices?limit=1e9',
  '/\ud83d\ude00',
  `/${'a'.repeat(5_000)}`,
  `/${'a'.repeat(9_000)}`,
  '/v1/streams/x/device',
  '/portal',
  '/metrics',
  '/v1/devices/a/control',
  'a:b',
  '',
];
const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'PRI', 'get', 'M-SEARCH', 'G\0T', ''];
const HEADERS = [
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 1, 1',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding : chunked',
  ' folded: line',
  '\tfolded',
  'Host: evil.example',
  'Host: 127.0.0.1',
  'Authorization: Basic AAAA',
  'Authorization: @',
  'Origin: https://evil.example',
  'Origin: null',
  'Expect: 100-continue',
  'Expect: more',
  'Connection: close',
  'Connection: Upgrade, HTTP2-Settings',
  'Upgrade: h2c',
  'X: \0',
  'X: a\u007fb',
  'X y: z',
  ': empty',
  'no-colon',
  `X: ${'a'.repeat(9_000)}`,
  'If-Match: "',
  'If-None-Match: *',
  'Sec-WebSocket-Key: short',
  'Sec-WebSocket-Version: 12',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99',
  'Sec-WebSocket-Protocol: ,,',
  'Streams-Instance-Id: ..',
  'Content-Encoding: gzip',
  'X-Forwarded-For: 1.1.1.1',
  'Cookie: __proto__=1',
  '__proto__: 1',
];

const at = fc.nat(9);
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(at, fc.constantFrom(...HEADERS)).map(
      ([n, header]): Change =>
        (lines) =>
          lines.toSpliced(1 + (n % 3), 0, header),
    ),
  },
  fc.constantFrom(...TARGETS).map(
    (target): Change =>
      ([first = '', ...rest]) => [first.replace(/ .* /, () => ` ${target} `), ...rest],
  ),
  fc.constantFrom(...METHODS).map(
    (method): Change =>
      ([first = '', ...rest]) => [first.replace(/^\S*/, () => method), ...rest],
  ),
  fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/1.2', 'HTTP/9', 'http/1.1', '').map(
    (version): Change =>
      ([first = '', ...rest]) => [first.replace(/\S*$/, () => version), ...rest],
  ),
  at.map(
    (n): Change =>
      (lines) =>
        lines.filter((_, index) => index !== n % lines.length),
  ),
  fc.tuple(at, fc.string({ unit: 'binary', maxLength: 8 })).map(
    ([n, text]): Change =>
      (lines) =>
        lines.map((line, index) => (index === n % lines.length ? line + text : line)),
  ),
  fc.integer({ min: 60, max: 140 }).map(
    (count): Change =>
      ([first = '', ...rest]) => [first, ...Array.from({ length: count }, (_, index) => `X-${index}: y`), ...rest],
  ),
  fc.constantFrom('zz', '-1', 'ffffffffffffffff', '5;ext="', '0').map(
    (size): Change =>
      (lines) =>
        lines.map((line) => (line === '2' ? size : line)),
  ),
);
const breaks = fc.oneof({ weight: 8, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r', '\r\r\n', '\n\r'));
const request = fc
  .tuple(fc.constantFrom(...VALID), fc.array(change, { maxLength: 3 }), breaks)
  .map(([lines, changes, lineBreak]) => changes.reduce((before, each) => each(before), lines).join(lineBreak));

let hub: PlainHub;

beforeAll(async () => {
  hub = await PlainHub.start();
});
afterAll(async () => {
  await hub.expectWell();
  await hub.hub.close();
});

/** Sends it on a connection of its own, which is gone at the end, whoever has ended it. */
async function send(text: string): Promise<void> {
  const peer = await RawPeer.connect({ port: hub.port, timeoutMs: 10_000 });
  peer.write(text.replaceAll('@', () => hub.authorization));
  await Promise.race([peer.ended, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  peer.end();
  await peer.ended;
  peer.destroy();
  const statuses = [...peer.unread.toString('latin1').matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
  assert(
    statuses.every((status) => STATUSES.includes(status)),
    `answered ${statuses.join(' ')}`,
  );
}

describe(`requests, seed ${FUZZ_SEED}`, () => {
  it.each(corpus(new URL('corpus/http/', import.meta.url)))('C3 %s', async (_, bytes) => {
    await send(bytes.toString('latin1'));
    await hub.expectWell();
  });

  it('C3 20,000 requests are answered as the page says, or cut off', { timeout: 120_000 }, async () => {
    await fuzz({ file: FILE, inputs: 20_000, batch: 100, input: request, check: async (all) => void (await Promise.all(all.map(send))) });
  });
});

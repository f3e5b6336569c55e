// JSON and texts that are meant to do harm, over REST and over a control link: a typed refusal, and no trace in any object.
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { leakCheck, type Observed } from '@streams/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { observeHub } from '../../support/observe.ts';
import { readMessage, sendMessage, welcomed } from '../../support/raw-handshake.ts';
import { keptConnection } from '../../support/raw.ts';
import { authorization, call } from '../../support/rest.ts';

const leaks = leakCheck();
let test: TestHub;
let watched: Observed;
beforeAll(async () => {
  test = await startTestHub();
  // The texts of this file stay in memory, and what the runner keeps of each test.
  watched = await observeHub(test, { maxGrowthBytes: 16 * 2 ** 20 });
});
afterAll(async () => {
  await watched.settled();
  await test.close();
  await leaks.settled();
});

const DEEP = 10_000;
const hostile: [what: string, text: string][] = [
  ['__proto__ at the top', '{"__proto__":{"polluted":1,"enabled":false}}'],
  ['__proto__ twice', '{"__proto__":null,"__proto__":{"polluted":1}}'],
  ['constructor.prototype', '{"constructor":{"prototype":{"polluted":1}}}'],
  ['__proto__ among headers', '{"name":"x","headers":{"__proto__":{"polluted":"1"}}}'],
  ['10,000 objects in one another', `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`],
  ['10,000 lists in one another', `{"keys":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`],
  ['a brace that never closes', '{"a":'.repeat(6_000)],
  ['5,000 keys', `{${Array.from({ length: 3_000 }, (_, index) => `"k${index}":1`).join()}}`],
  ['a key twice', '{"enabled":"no","enabled":7}'],
  ['half a surrogate', '{"keys":["\\ud800","\\udfff"]}'],
  ['a byte order mark', '\uFEFF{"enabled":true}'],
  ['NaN', '{"timeoutMs":NaN}'],
  ['Infinity by exponent', '{"timeoutMs":1e999,"enabled":1e999}'],
  ['a number of 10,000 digits', `{"timeoutMs":${'9'.repeat(DEEP)},"enabled":9}`],
  ['a comment', '{"enabled":true}//'],
  ['single quotes', "{'enabled':true}"],
  ['a list', '[{"enabled":true}]'],
  ['null', 'null'],
  ['text', '"x"'],
  ['nothing but spaces', ' '.repeat(DEEP)],
  ['UTF-16', Buffer.from('{"enabled":true}', 'utf16le').toString('latin1')],
];

function isClean(): boolean {
  const probe = {} as Record<string, unknown>;
  return (
    probe['polluted'] === undefined &&
    probe['enabled'] === undefined &&
    ([] as unknown as Record<string, unknown>)['polluted'] === undefined
  );
}

it.each(hostile)('C1 over REST: %s', async (_what, text) => {
  for (const [method, path] of [
    ['PUT', '/v1/devices/target'],
    ['POST', '/v1/devices/canary/streams'],
    ['PUT', '/v1/policies/target'],
  ] as const) {
    // What means nothing is ignored, in a device without one of our fields: it is made. All else is named.
    const { status, body } = await call(test, method, path, { body: text });
    expect([200, 201, 400, 403, 404, 413], `${method} ${path}: ${status}`).toContain(status);
    if (status >= 400) expect(body).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/), message: expect.any(String) });
    expect(JSON.stringify(body).length).toBeLessThan(4_096);
  }
  expect(isClean()).toBe(true);
});

it.each(hostile)('C1 over a control link: %s', async (_what, text) => {
  const link = await welcomed(test, 'pump-7');
  sendMessage(link, text);
  const marked = '{"type":"accept","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
  sendMessage(link, marked);
  expect((await link.readClose()).code).toBe(1007);
  expect(isClean()).toBe(true);
  link.destroy();
});

it('C1 over a control link: text that is no UTF-8, and half a surrogate in a reason', async () => {
  const link = await welcomed(test, 'pump-7');
  link.writeFrame({ opcode: 1, payload: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) });
  expect((await link.readClose()).code).toBe(1007);
  link.destroy();
});

it('C1 2,000 objects of any shape, over REST: never a failure of the hub', async () => {
  const names = fc.constantFrom('enabled', 'keys', '__proto__', 'constructor', 'toString', 'name', 'a');
  const body = fc.dictionary(names, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 });
  const bodies = fc.sample(body, { numRuns: 2_000, seed: 1 }).map((value) => JSON.stringify(value));
  const kept = await keptConnection(test, await authorization(test));
  for (const text of bodies) expect([200, 201, 400]).toContain((await kept.ask('PUT', '/v1/devices/target', text)).status);
  kept.destroy();
  expect(isClean()).toBe(true);
});

const CRLF = 'gone\r\nSet-Cookie: a=b\r\n\r\nHTTP/1.1 200 OK\u2028\u0085\u001b[2J';

it('C5 line ends in what a device gives for a reason split neither an answer nor a line of the log', async () => {
  const lines: string[] = [];
  const { createLogger } = await import('@streams/hub');
  const logged = await startTestHub({ logger: createLogger(undefined, { write: (line) => void lines.push(line) }) });
  const link = await welcomed(logged, 'pump-7');
  const asked = call(logged, 'POST', '/v1/devices/pump-7/streams', { body: { name: 'x' } });
  const { streamId } = await readMessage(link);
  sendMessage(link, { type: 'reject', streamId, code: 'STREAM_REJECTED', reason: CRLF });
  const { status, headers, body } = await asked;
  expect([status, headers['set-cookie'], body['code']]).toEqual([403, undefined, 'STREAM_REJECTED']);
  expect(JSON.stringify(body['details'])).toContain('gone');
  link.destroy();
  await logged.close();
  expect(lines.join('')).toContain('gone');
  for (const line of lines) expect(line).toMatch(/^\{[^\n\r\u2028\u0085\u001b]*\}\n$/);
});

it.each(['traceparent', 'x-request-id', 'tracking-id', 'user-agent'])(
  'C5 the header %s of a request comes back in no answer',
  async (name) => {
    const value = 'canary-of-a-header <b>';
    const { status, headers, body } = await call(test, 'GET', '/v1/devices/none', { headers: { [name]: value } });
    expect(status).toBe(404);
    expect(JSON.stringify([headers, body])).not.toContain('canary-of-a-header');
    expect(body['trackingId']).toMatch(/^[\w-]{22}$/);
  },
);

it('C5 an id with line ends is refused, and its text is not in the answer', async () => {
  const { status, headers, body } = await call(test, 'GET', `/v1/devices/${encodeURIComponent(CRLF)}`);
  expect([status, headers['set-cookie'], body['code']]).toEqual([400, undefined, 'INVALID_DEVICE_ID']);
  expect(JSON.stringify(body)).not.toContain('Set-Cookie');
});

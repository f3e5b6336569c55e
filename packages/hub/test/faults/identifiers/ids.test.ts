// Device ids and stream names that are long, encoded, foreign or hostile: one device each, everywhere the same, or a typed refusal.
import { DeviceClient } from '@streams/device';
import { isName } from '@streams/protocol/internal';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { ServiceClient } from '@streams/service';
import { leakCheck, type Observed } from '@streams/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { observeHub } from '../../support/observe.ts';
import { type KeptConnection, keptConnection, rawPeer } from '../../support/raw.ts';
import { authorization, call } from '../../support/rest.ts';

const leaks = leakCheck();
let test: TestHub;
let watched: Observed;
let kept: KeptConnection;
let header: string;

beforeAll(async () => {
  test = await startTestHub();
  // The devices that it makes stay.
  watched = await observeHub(test, { maxGrowthBytes: 16 * 2 ** 20 });
  header = await authorization(test);
  kept = await keptConnection(test, header);
});
afterAll(async () => {
  kept.destroy();
  await watched.settled();
  await test.close();
  await leaks.settled();
});

const ask: KeptConnection['ask'] = (method, path, body) => kept.ask(method, path, body);

const LETTERS = "aZ0-.%_*?!(),:=@$'";
const good = fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 1, maxLength: 128 }).filter(isName);
const hostile = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
  fc.string({
    unit: fc.constantFrom('%', '2', '5', 'f', 'F', '0', '/', '.', '\\', 'é', 'e\u0301', '\u202e', '\0', '*', '>', ' '),
    maxLength: 140,
  }),
);

it('B1 each id of the grammar is found again byte for byte: 1,000 of them', async () => {
  await fc.assert(
    fc.asyncProperty(good, async (id) => {
      const path = `/v1/devices/${encodeURIComponent(id)}`;
      expect((await ask('PUT', path, '{}')).body['deviceId']).toBe(id);
      const { status, body } = await ask('GET', path);
      expect([status, body['deviceId']]).toEqual([200, id]);
    }),
    { numRuns: 1_000, seed: 1, endOnFailure: true },
  );
});

it('B1 every other text is refused, and makes no device: 2,000 of them', async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      fc.pre(!isName(text) && !/\p{Surrogate}/u.test(text));
      const { status, body } = await ask('PUT', `/v1/devices/${encodeURIComponent(text)}`, '{}');
      expect([400, 404]).toContain(status);
      if (status === 400) expect(['INVALID_DEVICE_ID', 'BAD_REQUEST']).toContain(body['code']);
      else expect(text).toBe(''); // the list
    }),
    { numRuns: 2_000, seed: 1, endOnFailure: true },
  );
});

it.each([
  ['a slash', 'a%2fb'],
  ['a slash, encoded twice: that is a percent sign', 'a%252fb', 'a%2fb'],
  ['two dots', '%2e%2e'],
  ['a NUL', 'a%00b'],
  ['a line feed', 'a%0ab'],
  ['right to left', 'a%E2%80%AEb'],
  ['NFC', 'caf%C3%A9'],
  ['NFD', 'cafe%CC%81'],
  ['no UTF-8', 'a%ff'],
  ['half an escape', 'a%2'],
  ['a space', 'a%20b'],
  ['a plus, which is none', 'a+b'],
  ['129 characters', 'x'.repeat(129)],
])('B1 %s', async (_what, encoded, id?: string) => {
  const { status, body } = await ask('PUT', `/v1/devices/${encoded}`, '{}');
  if (id === undefined) expect([status, ['INVALID_DEVICE_ID', 'BAD_REQUEST'].includes(body['code'] as string)]).toEqual([400, true]);
  else expect(body['deviceId']).toBe(id);
});

it('B1 a path that a client would shorten leads nowhere, and one of 9,000 characters is too long', async () => {
  for (const path of ['/v1/devices/../devices/canary', '/v1/devices/./canary', '/v1/devices//canary', '/v1/devices/canary/']) {
    const { status } = await ask('GET', path);
    expect([path, status >= 400]).toEqual([path, true]);
  }
  const long = await rawPeer(test);
  long.write(`GET /v1/devices/${'x'.repeat(9_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${header}\r\n\r\n`);
  expect((await long.readHead()).status).toBe(431);
  long.destroy();
});

it('B2 a and A are two devices, each with its own key, link and streams', async () => {
  const ids = ['pump', 'Pump', 'PUMP'];
  const strings = await Promise.all(ids.map((id) => test.deviceConnectionString(id)));
  expect(new Set(strings.map((text) => /SharedAccessKey=([^;]+)/.exec(text)?.[1])).size).toBe(3);
  const devices = strings.slice(0, 2).map((text) => DeviceClient.fromConnectionString(text));
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
  for (const [index, device] of devices.entries()) {
    device.onStreamRequest(async (request) => void (await request.accept()).end(ids[index]));
    await device.connect();
  }
  for (const id of ids.slice(0, 2)) {
    const stream = await service.createStream(id);
    stream.end();
    const [text] = await stream.toArray();
    expect(String(text)).toBe(id);
  }
  await expect(service.createStream('PUMP')).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_CONNECTED' });
  // The key of one is none of the other's.
  const swapped = DeviceClient.fromConnectionString((strings[0] as string).replace('DeviceId=pump', 'DeviceId=Pump'));
  await expect(swapped.connect()).rejects.toMatchObject({ code: 'STREAMS_UNAUTHENTICATED' });
  await Promise.all([service.close(), swapped.close(), ...devices.map((device) => device.close())]);
});

it.each([
  ['a name of 64 KiB', { name: 'x'.repeat(65_536) }, 413],
  ['a name of 129 characters', { name: 'x'.repeat(129) }, 400],
  ['a name with control characters', { name: 'a\u0000\r\nb' }, 400],
  ['a name that is no text', { name: { toString: 1 } }, 400],
  ['a protocol of 64 KiB', { protocols: ['x'.repeat(65_536)] }, 413],
  ['a protocol of 20,000 characters', { protocols: ['x'.repeat(20_000)] }, 400],
  ['a protocol with a line feed', { protocols: ['raw\r\nX: y'] }, 400],
  ['a thousand protocols', { protocols: Array.from({ length: 1_000 }, () => 'raw') }, 400],
  ['a capability with a comma', { capabilities: ['a,b'] }, 400],
  ['a header with a line feed', { headers: { a: 'b\r\nc: d' } }, 400],
  ['a header name in capitals', { headers: { Host: 'x' } }, 400],
  ['65 headers', { headers: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`h${index}`, 'x'])) }, 400],
  ['headers of 9 KiB', { headers: { a: 'x'.repeat(9_216) } }, 400],
])('B6 %s: refused, and the device is not asked', async (_what, body, status) => {
  const answer = await call(test, 'POST', '/v1/devices/canary/streams', { body });
  expect(answer.status).toBe(status);
  expect(JSON.stringify(answer.body).length).toBeLessThan(1_000);
});

// The devices of a hub, through the SDK: created, shown, listed beyond one page, changed, their keys exchanged, deleted.
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { DeviceClient } from '@streams/device';
import { parseDeviceConnectionString } from '@streams/protocol/internal';
import { type DeviceFilter, ServiceClient } from '@streams/service';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectNoLeaks } from './support/rig.ts';

expectNoLeaks();

let test: TestHub;
let service: ServiceClient;
let reader: ServiceClient;
beforeAll(async () => {
  const key = (): string => randomBytes(32).toString('base64');
  test = await startTestHub({
    policies: [
      { name: 'test', keys: [key()], permissions: ['device:read', 'device:write'] },
      { name: 'reader', keys: [key()], permissions: ['device:read'] },
    ],
  });
  service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
  reader = ServiceClient.fromConnectionString(await test.serviceConnectionString('reader'));
});
afterAll(async () => {
  await Promise.all([service.close(), reader.close()]);
  await test.close();
});

async function allOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

it('creates a device, and gives the string that is all it needs', async () => {
  const created = await service.devices.create('pump-7', { keys: [Buffer.alloc(32, 1).toString('base64')] });
  expect(created).toMatchObject({ deviceId: 'pump-7', enabled: true, connected: false });
  expect(created.keys?.[0]).toBe(Buffer.alloc(32, 1).toString('base64'));
  await using device = DeviceClient.fromConnectionString(await service.devices.connectionString('pump-7'));
  await device.connect();
  const connected = { ...created, connected: true, connectedSince: expect.stringMatching(/^\d{4}-.*Z$/) };
  expect(await service.devices.get('pump-7')).toEqual(connected);
  expect(await reader.devices.get('pump-7')).toEqual({ ...connected, keys: undefined });
  await expect(reader.devices.connectionString('pump-7')).rejects.toMatchObject({ code: 'STREAMS_FORBIDDEN' });
});

it('lists more than one page', async () => {
  const ids = Array.from({ length: 201 }, (_, index) => `many-${1_000 + index}`);
  await Promise.all(ids.map((id) => test.hub.putDevice(id)));
  const listed: string[] = [];
  for await (const { deviceId } of reader.devices.list()) listed.push(deviceId);
  expect(listed.filter((id) => id.startsWith('many-'))).toEqual(ids);
});

it('changes a device, but makes none', async () => {
  await service.devices.create('a');
  expect(await service.devices.update('a', { enabled: false })).toMatchObject({ enabled: false });
  await expect(service.devices.update('typo', { enabled: false })).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_FOUND' });
  await expect(service.devices.get('typo')).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_FOUND' });
  await expect(service.devices.update('a', { keys: ['short'] })).rejects.toMatchObject({
    code: 'STREAMS_INVALID_ARGUMENT',
    details: { field: 'keys[0]' },
  });
  await expect(service.devices.create('a/b')).rejects.toMatchObject({ code: 'STREAMS_INVALID_DEVICE_ID' });
});

it('exchanges one key, and leaves the other', async () => {
  const { keys: [primary, secondary] = [] } = await service.devices.create('rotated');
  const { keys: second = [] } = await service.devices.rotateKey('rotated', 'secondary');
  expect(second[0]).toBe(primary);
  expect(second[1]).not.toBe(secondary);
  const { keys: third = [] } = await service.devices.rotateKey('rotated', 'primary');
  expect(third[0]).not.toBe(primary);
  expect(third[1]).toBe(second[1]);
  const { key } = parseDeviceConnectionString(await service.devices.connectionString('rotated', 'secondary'));
  expect(key.reveal()).toBe(third[1]);
  await expect(reader.devices.rotateKey('rotated', 'primary')).rejects.toMatchObject({ code: 'STREAMS_FORBIDDEN' });
});

it('deletes a device, once', async () => {
  await service.devices.create('gone');
  await service.devices.delete('gone');
  await expect(service.devices.delete('gone')).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_FOUND' });
});

it('tells of the hub', async () => {
  expect(await service.hub()).toMatchObject({ hostName: new URL(test.url).host, streamingEndpoints: [test.url] });
});

it('lists what is asked for alone', async () => {
  await Promise.all(['l-1', 'l-2', 'l-3'].map((id) => test.hub.putDevice(id, { enabled: id !== 'l-2' })));
  const ids = async (filter: DeviceFilter): Promise<string[]> => (await allOf(reader.devices.list(filter))).map(({ deviceId }) => deviceId);
  expect(await ids({ prefix: 'l-', enabled: true })).toEqual(['l-1', 'l-3']);
  expect(await ids({ prefix: 'l-', enabled: false, connected: false })).toEqual(['l-2']);
  expect(await ids({ prefix: 'l-', connected: true })).toEqual([]);
  await expect(reader.devices.list({ prefix: 'ü' }).next()).rejects.toMatchObject({
    code: 'STREAMS_BAD_REQUEST',
    details: { path: 'prefix' },
  });
});

describe('of two who change one device at once', () => {
  it('one is told, by the etag', async () => {
    const { etag } = await service.devices.create('e');
    await expect(service.devices.create('e')).rejects.toMatchObject({ code: 'STREAMS_CONFLICT', details: { etag } });
    const later = await service.devices.update('e', { enabled: false }, { etag });
    expect(later.etag).not.toBe(etag);
    await expect(service.devices.update('e', { enabled: true }, { etag })).rejects.toMatchObject({ code: 'STREAMS_CONFLICT' });
    await expect(service.devices.delete('e', { etag })).rejects.toMatchObject({ code: 'STREAMS_CONFLICT' });
    await expect(service.devices.delete('e', { etag: '"x' })).rejects.toMatchObject({
      code: 'STREAMS_INVALID_ARGUMENT',
      details: { field: 'etag' },
    });
    await service.devices.delete('e', { etag: later.etag });
  });

  it('one rotation succeeds, and its key stays', async () => {
    await service.devices.create('r');
    const { devices } = service;
    const get = devices.get.bind(devices);
    let [asked, bothHaveAsked] = [0, (): void => undefined];
    const haveAsked = new Promise<void>((resolve) => (bothHaveAsked = resolve));
    devices.get = async (id) => {
      const device = await get(id);
      if ((asked += 1) === 2) bothHaveAsked();
      await haveAsked;
      return device;
    };
    const both = await Promise.allSettled([service.devices.rotateKey('r', 'secondary'), service.devices.rotateKey('r', 'secondary')]);
    const done = both.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const refused = both.flatMap((result) => (result.status === 'rejected' ? [result.reason as object] : []));
    expect(refused).toMatchObject([{ code: 'STREAMS_CONFLICT' }]);
    expect(await service.devices.get('r')).toEqual(done[0]);
  });
});

describe('many devices', () => {
  const rows = Array.from({ length: 400 }, (_, index) => ({ deviceId: `m-${1_000 + index}`, enabled: index !== 7 }));

  it('go in one by one or as the bytes of a file, and come out as they are', async () => {
    const seen: number[] = [];
    expect(await service.devices.import(rows, { onProgress: ({ lines }) => void seen.push(lines) })).toEqual({
      lines: 400,
      created: 400,
      changed: 0,
      unchanged: 0,
      failed: 0,
    });
    expect(seen.at(-1)).toBe(400);
    const exported = await allOf(service.devices.export({ prefix: 'm-' }));
    expect(exported).toMatchObject(rows);
    const bytes = Readable.from([Buffer.from(exported.map((device) => JSON.stringify(device)).join('\n'))]);
    expect(await service.devices.import(bytes)).toMatchObject({ unchanged: 400, failed: 0 });
    expect(await allOf(reader.devices.export({ prefix: 'm-', enabled: false }))).toEqual([rows[7]]);
  });

  it('that are wrong are told one by one, and may end it', async () => {
    const failures: object[] = [];
    const bad = [{ deviceId: 'a/b' }, { deviceId: 'm-1', keys: ['short'] }, { deviceId: 'm-2' }];
    expect(await service.devices.import(bad, { onFailure: (failure) => failures.push(failure) })).toMatchObject({ created: 1, failed: 2 });
    expect(failures).toMatchObject([
      { line: 1, code: 'STREAMS_INVALID_DEVICE_ID' },
      { line: 2, code: 'STREAMS_BAD_REQUEST' },
    ]);
    let given = 0;
    const endless = (async function* () {
      for (;;) yield { deviceId: `bad/${(given += 1)}` };
    })();
    expect(await service.devices.import(endless, { stopOnError: true })).toMatchObject({ created: 0 });
    // What is on its way between the two is bounded.
    expect(given).toBeLessThan(1_000_000);
  });

  it('end with the signal, with what the source throws, and with a permission that is missing', async () => {
    const abort = new AbortController();
    const endless = async function* (): AsyncGenerator<{ deviceId: string }> {
      for (;;) yield { deviceId: 'm-3' };
    };
    const importing = service.devices.import(endless(), { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(importing).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });
    const broken = async function* (): AsyncGenerator<{ deviceId: string }> {
      yield { deviceId: 'm-4' };
      throw new RangeError('mine');
    };
    await expect(service.devices.import(broken())).rejects.toThrow(new RangeError('mine'));
    await expect(reader.devices.import(rows)).rejects.toMatchObject({ code: 'STREAMS_FORBIDDEN' });
    for await (const { deviceId } of service.devices.export()) if (deviceId !== '') break;
  });
});

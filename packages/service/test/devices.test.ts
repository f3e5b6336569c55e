// The devices of a hub, through the SDK: created, shown, listed beyond one page, changed, their keys exchanged, deleted.
import { randomBytes } from 'node:crypto';
import { DeviceClient } from '@streams/device';
import { parseDeviceConnectionString } from '@streams/protocol/internal';
import { ServiceClient } from '@streams/service';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
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

// A hub on a registry of its data directory: its devices outlive it, and a registry that fails is the hub's failure, not the caller's.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceClient } from '@streams/device';
import { type DurableRegistry, openRegistry } from '@streams/hub';
import { startTestHub } from '@streams/hub/testing';
import { createError } from '@streams/protocol/internal';
import { FakeClock, leakCheck } from '@streams/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryRegistry } from '../../src/devices/memory-registry.ts';
import { call } from '../support/rest.ts';

const leaks = leakCheck();
let dataDirectory: string;
let registry: DurableRegistry;
beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'streams-durable-'));
  registry = await openRegistry({ dataDirectory });
});
afterEach(async () => {
  await registry.close();
  await rm(dataDirectory, { recursive: true });
  await leaks.settled();
});

it('keeps its devices, beside its CA: a connection string of the first hub is good for the second', async () => {
  const policies = [{ name: 'test', keys: [randomBytes(32).toString('base64')], permissions: ['device:write'] }] as const;
  const first = await startTestHub({ tls: { dataDirectory }, registry, policies });
  const connectionString = await first.deviceConnectionString('pump-7');
  await first.close();
  await registry.close();
  registry = await openRegistry({ dataDirectory });
  const second = await startTestHub({ tls: { dataDirectory }, registry, policies });
  const device = DeviceClient.fromConnectionString(connectionString.replace(`:${first.port}`, `:${second.port}`));
  await device.connect();
  expect(device.state.name).toBe('connected');
  await device.close();
  await second.close();
  expect((await readdir(dataDirectory)).toSorted()).toEqual([
    'ca-cert.pem',
    'ca-key.pem',
    'registry-key',
    'registry.mdb',
    'registry.mdb-lock',
    'ticket-keys.json',
  ]);
});

it('knows when a device was connected last, when it was closed in between too', async () => {
  const clock = new FakeClock();
  const first = await startTestHub({ registry, clock });
  const device = DeviceClient.fromConnectionString(await first.deviceConnectionString('pump-7'), { clock });
  await device.connect();
  const connectedSince = new Date(clock.wallMs()).toISOString();
  expect((await call(first, 'GET', '/v1/devices/pump-7')).body).toMatchObject({ connectedSince });
  await clock.advance(5_000);
  const lastSeen = new Date(clock.wallMs()).toISOString();
  device.destroy();
  await Promise.all([device.close(), first.close()]);
  const second = await startTestHub({ registry, clock });
  const { body } = await call(second, 'GET', '/v1/devices?connected=false');
  expect(body['devices']).toEqual([{ deviceId: 'pump-7', enabled: true, connected: false, etag: expect.any(String), lastSeen }]);
  await second.close();
  expect(clock.pendingTimers).toBe(0);
});

it('does not close a registry that it was given', async () => {
  const test = await startTestHub({ registry });
  await test.hub.putDevice('pump-7');
  await test.close();
  expect(await registry.get('pump-7')).toMatchObject({ deviceId: 'pump-7' });
});

it('C10, F3 answers 500 where the registry fails; the log alone says why', async () => {
  const logged: object[] = [];
  const test = await startTestHub({
    registry: new FullRegistry(),
    logger: { info: () => undefined, warn: () => undefined, error: (fields: object) => logged.push(fields) },
  });
  const answer = await call(test, 'PUT', '/v1/devices/x');
  expect(answer).toMatchObject({ status: 500, body: { code: 'INTERNAL', retryable: true } });
  expect(JSON.stringify(answer.body)).not.toContain('/data');
  expect(logged).toMatchObject([{ err: { message: '/data could not be written' }, trackingId: answer.body['trackingId'] }]);
  await expect(test.hub.putDevice('x')).rejects.toMatchObject({ code: 'STREAMS_INTERNAL', message: '/data could not be written' });
  await test.close();
});

class FullRegistry extends MemoryRegistry {
  override put(): Promise<void> {
    return Promise.reject(createError('INTERNAL', { message: '/data could not be written' }));
  }
}

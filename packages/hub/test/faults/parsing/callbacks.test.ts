// Whatever an application's own functions throw: the one stream or call fails, typed, and all else goes on.
import { DeviceClient } from '@streams/device';
import { startTestHub } from '@streams/hub/testing';
import { ServiceClient } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { MemoryRegistry } from '../../../src/devices/memory-registry.ts';
import { observeHub } from '../../support/observe.ts';
import { rawLink, rawPeer } from '../../support/raw.ts';
import { call, send } from '../../support/rest.ts';
import { hashOf, until } from '../../support/streams.ts';

const leaks = leakCheck();
afterEach(async () => {
  await leaks.settled();
});

function fails(): never {
  throw new TypeError('the disk of the log is full');
}

const BROKEN_LOGGER = { debug: fails, info: fails, warn: fails, error: fails };

it('C10 a logger that throws at every call: requests are answered, streams run, and the process is warned once each', async () => {
  const warnings: string[] = [];
  const listen = (warning: Error): void => void (warning.name === 'StreamsWarning' && warnings.push(warning.message));
  process.on('warning', listen);
  onTestFinished(() => void process.off('warning', listen));
  const test = await startTestHub({ logger: BROKEN_LOGGER });
  const watched = await observeHub(test);
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString('pump-7'), { logger: BROKEN_LOGGER });
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString(), { logger: BROKEN_LOGGER });
  device.on('state', fails);
  let requests = 0;
  device.onStreamRequest(async (request) => {
    requests += 1;
    if (requests === 1) fails();
    const stream = await request.accept();
    stream.pipe(stream);
  });
  await device.connect();
  expect((await send(test, 'GET', '/v1/hub')).status).toBe(401);
  const peer = await rawPeer(test);
  expect((await peer.upgrade('/v1/devices/x/control')).status).toBe(401);
  peer.destroy();
  await expect(service.createStream('pump-7')).rejects.toMatchObject({ code: 'STREAMS_HANDLER_FAILED' });
  const stream = await service.createStream('pump-7');
  stream.end('well');
  expect(String((await stream.toArray())[0])).toBe('well');
  await Promise.all([service.close(), device.close()]);
  await watched.settled();
  await test.close();
  await until(() => warnings.length >= 2);
  expect(warnings.every((text) => text.includes('the disk of the log is full'))).toBe(true);
});

/** Fails for one device, as a damaged page of a database does; or for all. */
class BrokenRegistry extends MemoryRegistry {
  broken: string | undefined;

  override async get(deviceId: string): ReturnType<MemoryRegistry['get']> {
    if (deviceId === this.broken) fails();
    return super.get(deviceId);
  }

  override async put(record: Parameters<MemoryRegistry['put']>[0]): Promise<void> {
    if (record.deviceId === this.broken) fails();
    return super.put(record);
  }

  override async delete(deviceId: string): Promise<boolean> {
    if (deviceId === this.broken) fails();
    return super.delete(deviceId);
  }
}

it('C10 a registry that throws for one device: 500 for it, over REST and for its link, and streams of others run', async () => {
  const registry = new BrokenRegistry();
  const test = await startTestHub({ registry });
  const watched = await observeHub(test);
  await test.deviceConnectionString('pump-7');
  registry.broken = 'pump-7';
  for (const [method, path] of [
    ['GET', '/v1/devices/pump-7'],
    ['PUT', '/v1/devices/pump-7'],
    ['DELETE', '/v1/devices/pump-7'],
    ['POST', '/v1/devices/pump-7/streams'],
  ] as const) {
    const { status, body } = await call(test, method, path, method.startsWith('P') ? { body: {} } : {});
    expect([method, status, body['code']]).toEqual([method, 500, 'INTERNAL']);
    expect(JSON.stringify(body)).not.toContain('disk');
  }
  registry.broken = undefined;
  const [, head] = await rawLinkThatFails(test, registry);
  expect(head.status).toBe(500);
  await watched.settled();
  await test.close();
});

/** The registry breaks while the upgrade is authenticated. */
async function rawLinkThatFails(
  test: Awaited<ReturnType<typeof startTestHub>>,
  registry: BrokenRegistry,
): Promise<Awaited<ReturnType<typeof rawLink>>> {
  const working = registry.get.bind(registry);
  let looks = 0;
  registry.get = async (deviceId) => {
    // The first looks are those of the test's own connection string.
    if (deviceId === 'pump-7' && (looks += 1) > 2) fails();
    return working(deviceId);
  };
  const link = await rawLink(test, 'pump-7');
  link[0].destroy();
  return link;
}

it('C10 a stream whose own listeners throw in the device ends for both, and others run', async () => {
  const test = await startTestHub();
  const watched = await observeHub(test);
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString('pump-7'), {
    logger: { ...BROKEN_LOGGER, error: () => undefined },
  });
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
  device.onStreamRequest(async (request) => {
    const stream = await request.accept();
    if (request.name === 'bad') for await (const _chunk of stream) fails();
    else stream.end('fine');
  });
  await device.connect();
  const bad = await service.createStream('pump-7', { name: 'bad' });
  bad.write('x');
  await expect(hashOf(bad)).rejects.toMatchObject({ code: 'STREAMS_STREAM_TERMINATED' });
  const fine = await service.createStream('pump-7', { name: 'fine' });
  fine.end();
  expect(String((await fine.toArray())[0])).toBe('fine');
  await Promise.all([service.close(), device.close()]);
  await watched.settled();
  await test.close();
});

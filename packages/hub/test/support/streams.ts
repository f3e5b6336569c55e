// A hub with a device and a service that use the SDKs, and what comes of a stream's bytes.
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { DeviceClient, type DeviceClientSettings, type DeviceStream, type StreamRequest } from '@streams/device';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { type CreateStreamOptions, ServiceClient, type ServiceClientSettings } from '@streams/service';

/** All three, running. */
export interface Trio {
  readonly test: TestHub;
  readonly device: DeviceClient;
  readonly service: ServiceClient;
  close(): Promise<void>;
}

/** Starts a hub, the device `pump-7` and a service. The device has no handler yet. @param port Of the hub; default: a free one. */
export async function startTrio(
  hub: Parameters<typeof startTestHub>[0] = {},
  deviceSettings: DeviceClientSettings = {},
  serviceSettings: ServiceClientSettings = {},
  port = 0,
): Promise<Trio> {
  const test = await startTestHub(hub, port);
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString('pump-7'), deviceSettings);
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString(), serviceSettings);
  await device.connect();
  return {
    test,
    device,
    service,
    close: async () => {
      service.destroy();
      device.destroy();
      await Promise.all([service.close(), device.close(), test.close()]);
    },
  };
}

/** Makes the device echo. */
export function echo(device: DeviceClient): void {
  device.onStreamRequest(async (request) => {
    const stream = await request.accept();
    stream.pipe(stream);
  });
}

/** Opens one stream, and gives both of its ends. */
export async function openPair(
  { device, service }: Pick<Trio, 'device' | 'service'>,
  name = 'test',
  options: CreateStreamOptions = {},
): Promise<[service: DeviceStream, device: DeviceStream]> {
  const accepted = new Promise<DeviceStream>((resolve, reject) => {
    const unregister = device.onStreamRequest((request: StreamRequest) => {
      unregister();
      request.accept().then(resolve, reject);
    });
  });
  return Promise.all([service.createStream('pump-7', { ...options, name }), accepted]);
}

/** SHA-256 of all that comes. */
export async function hashOf(stream: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

/** Resolves once `condition` holds; throws after `withinMs` of real time. */
export async function until(condition: () => boolean, withinMs = 15_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

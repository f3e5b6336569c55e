// Watches a test hub while a case of the fault suite runs: with a device, a service and a stream of its own, the canary.
import { DeviceClient, type DeviceClientSettings } from '@streams/device';
import type { TestHub } from '@streams/hub/testing';
import { ServiceClient } from '@streams/service';
import { type Observed, observe, type ObserveOptions } from '@streams/testkit';
import { echo } from './streams.ts';

const CANARY = 'canary';

/** Begins a watch. @param clock Of the canary's two clients; the machine's by default, as its hub may have another. */
export async function observeHub(
  test: Pick<TestHub, 'deviceConnectionString' | 'serviceConnectionString'>,
  options: ObserveOptions = {},
  { clock }: Pick<DeviceClientSettings, 'clock'> = {},
): Promise<Observed> {
  const observed = observe(options);
  const settings = clock ? { clock } : {};
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString(CANARY), settings);
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString(), settings);
  echo(device);
  await device.connect();
  observed.sing(await service.createStream(CANARY), async () => {
    service.destroy();
    device.destroy();
    await Promise.all([service.close(), device.close()]);
  });
  return observed;
}

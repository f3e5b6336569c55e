// Watches a test hub while a case of the fault suite runs: with a device, a service and a stream of its own, the canary.
import { DeviceClient, type DeviceClientSettings } from '@streams/device';
import type { TestHub } from '@streams/hub/testing';
import { ServiceClient } from '@streams/service';
import { type Observation, observe, type ObserveOptions } from '@streams/testkit';
import { echo } from './streams.ts';

const CANARY = 'canary';

/** A watch with a canary. */
export interface WatchedHub {
  /** Ends the watch, see `Observed.settled`, and takes the canary away. */
  settled(withinMs?: number): Promise<Observation>;
}

/** Begins a watch. @param clock Of the canary's two clients; the machine's by default, as its hub may have another. */
export async function observeHub(
  test: Pick<TestHub, 'deviceConnectionString' | 'serviceConnectionString'>,
  options: Omit<ObserveOptions, 'canary'> = {},
  { clock }: Pick<DeviceClientSettings, 'clock'> = {},
): Promise<WatchedHub> {
  const settings = clock ? { clock } : {};
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString(CANARY), settings);
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString(), settings);
  echo(device);
  await device.connect();
  const observed = observe({ ...options, canary: await service.createStream(CANARY) });
  return {
    settled: async (withinMs) => {
      try {
        return await observed.settled(withinMs);
      } finally {
        service.destroy();
        device.destroy();
        await Promise.all([service.close(), device.close()]);
      }
    },
  };
}

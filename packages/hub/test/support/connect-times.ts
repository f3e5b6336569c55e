// How long devices take to connect, one after the other.
import { DeviceClient } from '@streams/device';
import type { ReachableHub } from './rest.ts';

/** In milliseconds, the slowest last. @param prefix Of the devices' ids. */
export async function connectTimes(test: ReachableHub, prefix: string, devices: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < devices; index += 1) {
    const device = DeviceClient.fromConnectionString(await test.deviceConnectionString(`${prefix}-${index}`));
    const startMs = performance.now();
    await device.connect();
    times.push(performance.now() - startMs);
    await device.close();
  }
  return times.toSorted((a, b) => a - b);
}

// The devices of a fleet, in the data directory of a hub that does not run: one key for all, so that one string stands for all.
import { openRegistry } from '@streams/hub';

const KEY = Buffer.alloc(32, 2).toString('base64');

/** Writes `bench-0` and those after it. */
export async function fillRegistry(dataDirectory: string, devices: number): Promise<void> {
  await using registry = await openRegistry({ dataDirectory });
  const ids = Array.from({ length: devices }, (_, index) => `bench-${index}`);
  await Promise.all(ids.map((deviceId) => registry.put({ deviceId, enabled: true, keys: [KEY, KEY] })));
}

/** That of `bench-0`: the hub and the CA of a service's string, the key of the devices. */
export function deviceString(serviceString: string): string {
  return serviceString.replace(/SharedAccessKeyName=.*?;SharedAccessKey=[^;]*/, `DeviceId=bench-0;SharedAccessKey=${KEY}`);
}

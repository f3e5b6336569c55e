// The version of a device.
import { etagOf } from '../http/etag.ts';
import type { DeviceRecord } from './registry.ts';

/** Changes exactly when `enabled` or a key does. */
export function deviceEtag({ deviceId, enabled, keys }: DeviceRecord): string {
  return etagOf(`${deviceId} ${enabled}`, keys);
}

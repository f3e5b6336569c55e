// The version of a device, as `ETag` and `If-Match` have it.
import { createHmac } from 'node:crypto';
import type { DeviceRecord } from './registry.ts';

const ETAG_BYTES = 16;

/**
 * Changes exactly when `enabled` or a key does. Who may not see keys sees this; it tells no more of them than a signature does.
 * It is computed rather than kept, so that it holds across restarts and in every registry.
 */
export function etagOf({ deviceId, enabled, keys }: DeviceRecord): string {
  const digest = createHmac('sha256', keys.join()).update(`${deviceId} ${enabled}`).digest();
  return digest.subarray(0, ETAG_BYTES).toString('base64url');
}

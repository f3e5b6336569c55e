// What a link or a stream remembers of the key that has authenticated it: a digest, never the key.
import { createHash } from 'node:crypto';
import type { DeviceRecord } from '../devices/registry.ts';

/** The same for every spelling of a key in base64. */
export function keyIdOf(key: string): string {
  return createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64url');
}

/** The keys that a device may use now: none, once it is disabled or deleted. */
export function keyIdsInForce(device: DeviceRecord | undefined): ReadonlySet<string> {
  return new Set(device?.enabled ? device.keys.map(keyIdOf) : []);
}

/** True if one of the keys is among the others. */
export function sharesOne(keyIds: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return [...keyIds].some((keyId) => others.has(keyId));
}

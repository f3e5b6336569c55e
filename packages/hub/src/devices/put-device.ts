// Creates a device or changes one: what the caller leaves out stays, or is made.
import { asDeviceId, type PutDeviceBody, type Random } from '@streams/protocol/internal';
import type { DeviceRecord, Registry } from './registry.ts';

const KEY_BYTES = 32;

/** Resolves once the registry has it. */
export async function putDevice(
  registry: Registry,
  random: Random,
  deviceId: string,
  body: PutDeviceBody,
): Promise<{ device: DeviceRecord; created: boolean }> {
  const known = await registry.get(asDeviceId(deviceId));
  const newKey = (): string => random.bytes(KEY_BYTES).toString('base64');
  const keys = body.keys ?? known?.keys ?? [];
  const device: DeviceRecord = {
    deviceId,
    enabled: body.enabled ?? known?.enabled ?? true,
    keys: [keys[0] ?? newKey(), keys[1] ?? newKey()],
  };
  await registry.put(device);
  return { device, created: known === undefined };
}

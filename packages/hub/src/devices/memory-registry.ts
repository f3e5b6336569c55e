// A registry in memory: for tests, demos, and hubs that create their devices at start.
import type { DeviceChange, DeviceRecord, Registry } from './registry.ts';

/** See {@link Registry}. Empty at first; gone with the process. */
export class MemoryRegistry implements Registry {
  readonly #devices = new Map<string, DeviceRecord>();
  readonly #listeners = new Set<(change: DeviceChange) => void>();

  get(deviceId: string): Promise<DeviceRecord | undefined> {
    return Promise.resolve(this.#devices.get(deviceId));
  }

  put(device: DeviceRecord): Promise<void> {
    this.#devices.set(device.deviceId, device);
    for (const listener of this.#listeners) listener({ deviceId: device.deviceId, device });
    return Promise.resolve();
  }

  changes(listener: (change: DeviceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

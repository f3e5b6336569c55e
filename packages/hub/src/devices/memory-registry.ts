// A registry in memory: for tests, demos, and hubs that create their devices at start.
import { Changes } from '../changes.ts';
import type { DeviceChange, DevicePage, DeviceRecord, Registry } from './registry.ts';

/** See {@link Registry}. Empty at first; gone with the process. */
export class MemoryRegistry implements Registry {
  readonly #devices = new Map<string, DeviceRecord>();
  readonly #changes = new Changes<DeviceChange>();

  get(deviceId: string): Promise<DeviceRecord | undefined> {
    return Promise.resolve(this.#devices.get(deviceId));
  }

  list({ after = '', limit }: DevicePage): Promise<DeviceRecord[]> {
    const devices = [...this.#devices.values()].filter(({ deviceId }) => deviceId > after);
    return Promise.resolve(devices.toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1)).slice(0, limit));
  }

  put(device: DeviceRecord): Promise<void> {
    this.#devices.set(device.deviceId, device);
    this.#changes.emit({ deviceId: device.deviceId, device });
    return Promise.resolve();
  }

  delete(deviceId: string): Promise<boolean> {
    const existed = this.#devices.delete(deviceId);
    if (existed) this.#changes.emit({ deviceId });
    return Promise.resolve(existed);
  }

  changes(listener: (change: DeviceChange) => void): () => void {
    return this.#changes.listen(listener);
  }

  /** There is nothing to close; it stays usable, so that a hub can be restarted on it. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

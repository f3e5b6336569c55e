// A registry in memory: for tests, demos, and hubs that create their devices at start.
import { Changes } from '../changes.ts';
import type { DeviceChange, DevicePage, DeviceRecord, LastSeen, Registry } from './registry.ts';
import { SortedIds } from './sorted-ids.ts';

/** See {@link Registry}. Empty at first; gone with the process. */
export class MemoryRegistry implements Registry {
  readonly lastSeen: LastSeen;
  readonly #devices = new Map<string, DeviceRecord>();
  readonly #ids = new SortedIds();
  readonly #seen = new Map<string, number>();
  readonly #changes = new Changes<DeviceChange>();

  constructor() {
    this.lastSeen = {
      get: (ids) => Promise.resolve(new Map(ids.flatMap((id) => this.#seenAt(id)))),
      put: (times) => {
        for (const [id, ms] of times) if (this.#devices.has(id)) this.#seen.set(id, ms);
        return Promise.resolve();
      },
    };
  }

  get(deviceId: string): Promise<DeviceRecord | undefined> {
    return Promise.resolve(this.#devices.get(deviceId));
  }

  list({ after = '', limit, prefix = '', disabled }: DevicePage): Promise<DeviceRecord[]> {
    const devices: DeviceRecord[] = [];
    for (const id of this.#ids.from(after, prefix)) {
      if (devices.length === limit) break;
      const device = this.#devices.get(id);
      if (device && !(disabled && device.enabled)) devices.push(device);
    }
    return Promise.resolve(devices);
  }

  put(device: DeviceRecord): Promise<void> {
    if (!this.#devices.has(device.deviceId)) this.#ids.add(device.deviceId);
    this.#devices.set(device.deviceId, device);
    this.#changes.emit({ deviceId: device.deviceId, device });
    return Promise.resolve();
  }

  delete(deviceId: string): Promise<boolean> {
    const existed = this.#devices.delete(deviceId);
    if (existed) {
      this.#ids.delete(deviceId);
      this.#seen.delete(deviceId);
      this.#changes.emit({ deviceId });
    }
    return Promise.resolve(existed);
  }

  changes(listener: (change: DeviceChange) => void): () => void {
    return this.#changes.listen(listener);
  }

  /** There is nothing to close; it stays usable, so that a hub can be restarted on it. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  #seenAt(deviceId: string): [string, number][] {
    const ms = this.#seen.get(deviceId);
    return ms === undefined ? [] : [[deviceId, ms]];
  }
}

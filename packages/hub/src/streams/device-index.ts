// What belongs to devices, found by the device.

/** See the top of this file. Knows only those that have something. */
export class DeviceIndex<T> {
  readonly #byDevice = new Map<string, Set<T>>();

  /** The devices that have something, now. */
  get devices(): ReadonlySet<string> {
    return new Set(this.#byDevice.keys());
  }

  add(deviceId: string, item: T): void {
    const items = this.#byDevice.get(deviceId) ?? new Set();
    this.#byDevice.set(deviceId, items.add(item));
  }

  delete(deviceId: string, item: T): void {
    const items = this.#byDevice.get(deviceId);
    items?.delete(item);
    if (items?.size === 0) this.#byDevice.delete(deviceId);
  }

  /** What one has, as it is now. */
  of(deviceId: string): readonly T[] {
    return [...(this.#byDevice.get(deviceId) ?? [])];
  }

  /** What all have, as it is now. */
  all(): readonly T[] {
    return [...this.#byDevice.values()].flatMap((items) => [...items]);
  }
}

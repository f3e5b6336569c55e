// When devices were connected last, beside their records in the same file. It is no secret, and is not sealed.
import type { Store } from './lmdb-store.ts';
import type { LastSeen } from './registry.ts';

/** Stands before the device id; a space comes before every character of an id. */
export const SEEN = ' seen/';
const TIME_BYTES = 8;

/** See {@link LastSeen}. */
export class LmdbLastSeen implements LastSeen {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async get(deviceIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const times = new Map<string, number>();
    for (const deviceId of deviceIds) {
      const value = this.#store.get(SEEN + deviceId);
      if (value?.length === TIME_BYTES) times.set(deviceId, value.readDoubleBE());
    }
    return times;
  }

  async put(times: ReadonlyMap<string, number>): Promise<void> {
    const known = [...times].filter(([deviceId]) => this.#store.has(deviceId));
    await Promise.all(known.map(([deviceId, ms]) => this.#store.put(SEEN + deviceId, timeOf(ms))));
  }
}

function timeOf(ms: number): Buffer {
  const value = Buffer.alloc(TIME_BYTES);
  value.writeDoubleBE(ms);
  return value;
}

// A registry on disk: LMDB, one process at a time, records sealed under a key file. What is acknowledged has been flushed.
import { createError } from '@streams/protocol/internal';
import { Changes } from './changes.ts';
import { openStore, type Store, tightDirectory } from './lmdb-store.ts';
import type { DeviceChange, DevicePage, DeviceRecord, Registry } from './registry.ts';
import { loadRegistryKey, wrongKeyError } from './registry-key.ts';
import { sealRecord, sealText, unsealRecord, unsealText } from './sealed-record.ts';

/** Where a durable registry lives. */
export interface RegistryOptions {
  /** Made with mode 0700 where it is missing; may be the one that `tls` has. Holds `registry.mdb`, `registry.mdb-lock`, `registry-key`. */
  readonly dataDirectory: string;
}

/** A registry that is closed at the end of an `await using`. */
export type DurableRegistry = Registry & AsyncDisposable;

/** Where the text stands that shows whether the key fits; no device id has a space. */
const KEY_CHECK = 'key check';

/**
 * Opens the registry of a data directory, or makes one there. Whoever opens it closes it, after the hub.
 * What `put` and `delete` acknowledge is on disk: it survives the end of the process and of the machine.
 * @throws `STREAMS_INVALID_ARGUMENT` that names the file and the remedy, if the directory, the key file or the database cannot be used;
 * `STREAMS_INVALID_CONFIGURATION` if others can read the key file; `STREAMS_INVALID_STATE` if the registry is open already, in this process or another.
 */
export async function openRegistry({ dataDirectory }: RegistryOptions): Promise<DurableRegistry> {
  const { database, keyFile } = await tightDirectory(dataDirectory);
  const key = await loadRegistryKey(keyFile, database);
  const store = await openStore(database);
  try {
    const check = store.get(KEY_CHECK);
    // Without it nothing has been acknowledged yet: it is the first thing that is written.
    if (check === undefined) await store.put(KEY_CHECK, sealText(KEY_CHECK, KEY_CHECK, key));
    else if (unsealText(check, KEY_CHECK, key) !== KEY_CHECK) throw wrongKeyError(keyFile, database);
  } catch (error) {
    await store.close();
    throw error;
  }
  return new LmdbRegistry(store, key);
}

class LmdbRegistry implements DurableRegistry {
  readonly #store: Store;
  readonly #key: Buffer;
  readonly #changes = new Changes();
  /** lmdb tells of some writes earlier than of others that it has carried out before them. */
  #previous: Promise<unknown> = Promise.resolve();

  constructor(store: Store, key: Buffer) {
    this.#store = store;
    this.#key = key;
  }

  async get(deviceId: string): Promise<DeviceRecord | undefined> {
    const sealed = this.#store.get(deviceId);
    return sealed && this.#unseal(deviceId, sealed);
  }

  async list({ after = '', limit }: DevicePage): Promise<DeviceRecord[]> {
    const devices: DeviceRecord[] = [];
    for (const { key, value } of this.#store.entriesFrom(after)) {
      if (devices.length === limit) break;
      if (key !== after && key !== KEY_CHECK) devices.push(this.#unseal(key, value));
    }
    return devices;
  }

  async put(device: DeviceRecord): Promise<void> {
    const write = this.#store.put(device.deviceId, sealRecord(device, this.#key));
    await this.#inOrder(write, () => this.#changes.emit({ deviceId: device.deviceId, device }));
  }

  async delete(deviceId: string): Promise<boolean> {
    return this.#inOrder(this.#store.remove(deviceId), (existed) => {
      if (existed) this.#changes.emit({ deviceId });
    });
  }

  changes(listener: (change: DeviceChange) => void): () => void {
    return this.#changes.listen(listener);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #unseal(deviceId: string, sealed: Buffer): DeviceRecord {
    const device = unsealRecord(sealed, deviceId, this.#key);
    if (!device) throw createError('INTERNAL', { message: `the registry's record of ${deviceId} is damaged` });
    return device;
  }

  #inOrder<T>(write: Promise<T>, onDone: (result: T) => void): Promise<T> {
    const done = Promise.allSettled([this.#previous, write]).then(async () => {
      const result = await write;
      onDone(result);
      return result;
    });
    this.#previous = done;
    return done;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

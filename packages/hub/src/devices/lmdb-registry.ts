// A registry on disk: LMDB, one process at a time, records sealed under a key file. What is acknowledged has been flushed.
import { createError } from '@streams/protocol/internal';
import { Changes } from '../changes.ts';
import { openStore, type Store, tightDirectory } from './lmdb-store.ts';
import { LmdbLastSeen, SEEN } from './lmdb-last-seen.ts';
import type { DeviceChange, DevicePage, DeviceRecord, LastSeen, Registry } from './registry.ts';
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
/** What else is kept of a device stands before all devices: a space comes before every character of an id. */
const FIRST_ID = '!';
const OFF = ' off/';
/** Says that there is an entry for each disabled device. */
const HAS_OFF = ' has off';
const NOTHING = Buffer.alloc(1);
/** No device id has a space. */
const NOBODY = 'no body';
const NOBODYS_KEYS: DeviceRecord['keys'] = [Buffer.alloc(32).toString('base64'), Buffer.alloc(32).toString('base64')];

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
    if (check === undefined) await Promise.all([store.put(KEY_CHECK, sealText(KEY_CHECK, KEY_CHECK, key)), store.put(HAS_OFF, NOTHING)]);
    else if (unsealText(check, KEY_CHECK, key) !== KEY_CHECK) throw wrongKeyError(keyFile, database);
    const registry = new LmdbRegistry(store, key);
    await registry.findDisabled();
    return registry;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * Device id -> sealed record. For each disabled device there is an entry `OFF` + id too. It is written before the record and removed
 * after it, so that a crash leaves one too many, never one too few: who reads it looks at the record.
 */
class LmdbRegistry implements DurableRegistry {
  readonly lastSeen: LastSeen;
  readonly #store: Store;
  readonly #key: Buffer;
  /** Is unsealed in the place of a record that is not there, so that an unknown device is refused in the time that a known one takes. */
  readonly #nobody: Buffer;
  readonly #changes = new Changes<DeviceChange>();
  /** lmdb tells of some writes earlier than of others that it has carried out before them. */
  #previous: Promise<unknown> = Promise.resolve();

  constructor(store: Store, key: Buffer) {
    this.#store = store;
    this.#key = key;
    this.#nobody = sealRecord({ deviceId: NOBODY, enabled: true, keys: NOBODYS_KEYS }, key);
    this.lastSeen = new LmdbLastSeen(store);
  }

  /** Once, for a registry of an earlier version: whom its records show as disabled. */
  async findDisabled(): Promise<void> {
    if (this.#store.has(HAS_OFF)) return;
    const disabled = (await this.list({ limit: Number.POSITIVE_INFINITY })).filter(({ enabled }) => !enabled);
    await Promise.all(disabled.map(({ deviceId }) => this.#store.put(OFF + deviceId, NOTHING)));
    await this.#store.put(HAS_OFF, NOTHING);
  }

  async get(deviceId: string): Promise<DeviceRecord | undefined> {
    const sealed = this.#store.get(deviceId);
    if (sealed) return this.#unseal(deviceId, sealed);
    this.#unseal(NOBODY, this.#nobody);
    return undefined;
  }

  async list({ after = '', limit, prefix = '', disabled }: DevicePage): Promise<DeviceRecord[]> {
    const devices: DeviceRecord[] = [];
    const before = disabled ? OFF : '';
    const first = [FIRST_ID, after, prefix].toSorted().at(-1) ?? '';
    for (const { key, value } of this.#store.entriesFrom(before + first)) {
      const deviceId = key.slice(before.length);
      if (devices.length === limit || !key.startsWith(before + prefix)) break;
      if (deviceId === after || key === KEY_CHECK) continue;
      const sealed = disabled ? this.#store.get(deviceId) : value;
      const device = sealed && this.#unseal(deviceId, sealed);
      if (device && !(disabled && device.enabled)) devices.push(device);
    }
    return devices;
  }

  async put(device: DeviceRecord): Promise<void> {
    const { deviceId, enabled } = device;
    const marked = enabled ? undefined : this.#store.put(OFF + deviceId, NOTHING);
    const written = this.#store.put(deviceId, sealRecord(device, this.#key));
    const unmarked = enabled ? this.#store.remove(OFF + deviceId) : undefined;
    await this.#inOrder(Promise.all([marked, written, unmarked]), () => this.#changes.emit({ deviceId, device }));
  }

  async delete(deviceId: string): Promise<boolean> {
    const removed = [deviceId, OFF + deviceId, SEEN + deviceId].map((key) => this.#store.remove(key));
    const [existed = false] = await this.#inOrder(Promise.all(removed), ([was]) => {
      if (was) this.#changes.emit({ deviceId });
    });
    return existed;
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

// The seam behind which devices are kept: which ids exist, with which keys.

/** A device as the registry keeps it. */
export interface DeviceRecord {
  readonly deviceId: string;
  /** A disabled device cannot authenticate. */
  readonly enabled: boolean;
  /** Two base64 keys, either of which signs. */
  readonly keys: readonly [string, string];
}

/** Something about a device has changed. */
export interface DeviceChange {
  readonly deviceId: string;
  /** The device as it is now; absent once it is deleted. */
  readonly device?: DeviceRecord | undefined;
}

/** A part of the list of devices. */
export interface DevicePage {
  /** Devices whose id comes after this one alone. */
  readonly after?: string | undefined;
  /** Devices whose id begins with it alone. */
  readonly prefix?: string | undefined;
  /** `true`: disabled devices alone. They are few among many, so that a registry finds them best by itself. */
  readonly disabled?: boolean | undefined;
  /** How many at most. */
  readonly limit: number;
}

/** When devices were connected last, in milliseconds since 1970. */
export interface LastSeen {
  /** By id, as far as it is known. */
  get(deviceIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Keeps these times for as long as their devices exist; leaves out who is none. Tells of no change. */
  put(times: ReadonlyMap<string, number>): Promise<void>;
}

/** Keeps devices. A promise that resolves has been carried out, and a `get` that begins after it sees that. */
export interface Registry {
  get(deviceId: string): Promise<DeviceRecord | undefined>;
  /** Devices in the order of their ids, character code by character code. */
  list(page: DevicePage): Promise<DeviceRecord[]>;
  /** Creates or replaces a device. */
  put(device: DeviceRecord): Promise<void>;
  /** Resolves with false if there is none. */
  delete(deviceId: string): Promise<boolean>;
  /** Calls `listener` after every change, in their order, until the returned function is called. */
  changes(listener: (change: DeviceChange) => void): () => void;
  /** Absent: the hub then shows of no device when it was connected last. */
  readonly lastSeen?: LastSeen | undefined;
  /** For who opened it, once the hub is closed: a hub closes no registry that it was given. Idempotent. */
  close(): Promise<void>;
}

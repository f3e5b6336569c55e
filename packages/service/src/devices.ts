// Devices as the service manages them: create, show, list, change, delete, exchange a key without a gap; export and import many.
import {
  asDeviceId,
  asDeviceListView,
  asDeviceView,
  createError,
  type DeviceView,
  type ExportedDevice,
  formatConnectionString,
  type ImportProgress,
  type PutDeviceBody,
  Secret,
  systemRandom,
} from '@streams/protocol/internal';
import { exportDevices, importDevices, type ImportOptions, type ImportSource } from './bulk.ts';
import { asArgumentError, hubAddress, singleCa } from './hub-address.ts';
import { keyIn, type KeySlot, rotated } from './key-slot.ts';
import { matchOf, type WriteOptions } from './write-options.ts';
import type { Rest, RestCall } from './rest.ts';

/** What is set of a device; what is left out stays as it is, or is made. */
export type DeviceSettings = PutDeviceBody;

/** A device, as the hub shows it. */
export type Device = DeviceView;

/** Which devices; what is left out does not matter. */
export interface DeviceFilter {
  /** The first characters of the id. */
  readonly prefix?: string | undefined;
  readonly connected?: boolean | undefined;
  readonly enabled?: boolean | undefined;
}

/** Which of a device's two keys. */
export type DeviceKey = KeySlot;

/** The devices of a hub. Reading takes a policy with `device:read`, changing one with `device:write`. */
export class Devices {
  readonly #rest: Rest;
  readonly #caCertificate: string | undefined;

  /** Made by `ServiceClient`. @internal */
  constructor(rest: Rest, ca: string | readonly string[] | undefined) {
    this.#rest = rest;
    this.#caCertificate = singleCa(ca);
  }

  /**
   * Creates a device; keys that are not given are made.
   * @throws `STREAMS_CONFLICT` if there is one of this id, `STREAMS_INVALID_DEVICE_ID`, `STREAMS_INVALID_ARGUMENT` that names the field,
   * `STREAMS_FORBIDDEN`.
   */
  async create(deviceId: string, settings: DeviceSettings = {}): Promise<Device> {
    return this.#put(deviceId, settings, { 'if-none-match': '*' });
  }

  /** @throws `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_DEVICE_ID`, `STREAMS_FORBIDDEN`. */
  async get(deviceId: string): Promise<Device> {
    return this.#rest.call({ method: 'GET', path: pathOf(deviceId), timeoutMs: 0 }, asDeviceView);
  }

  /**
   * Devices, ordered by id, without their keys, fetched page by page.
   * @param filter Default: all of them.
   * @throws `STREAMS_FORBIDDEN`, `STREAMS_BAD_REQUEST`, at the first step.
   */
  async *list(filter: DeviceFilter = {}): AsyncGenerator<Device, void> {
    let after: string | undefined;
    do {
      const path = `/v1/devices${queryOf(filter, after)}`;
      const page = await this.#rest.call({ method: 'GET', path, timeoutMs: 0 }, asDeviceListView);
      yield* page.devices;
      after = page.next;
    } while (after !== undefined);
  }

  /**
   * Devices, ordered by id, with their keys if the policy has `device:write`: a secret then. Fetched no faster than they are read. Devices
   * that are made, changed or deleted meanwhile are in it as they were or as they are.
   * @param filter Default: all of them.
   * @throws `STREAMS_FORBIDDEN`, `STREAMS_BAD_REQUEST`; `STREAMS_CONNECT_FAILED` where it is cut: it never ends early without a word.
   */
  export(filter: DeviceFilter = {}): AsyncGenerator<ExportedDevice, void> {
    return exportDevices(this.#rest, queryOf(filter));
  }

  /**
   * Creates or changes as many devices as there are, such as those of an `export`. What a device leaves out stays, or is made; a device that is
   * so already counts as `unchanged`, so that an import that was cut is simply done again. Taken from the source no faster than the hub writes.
   * @returns the totals; one line that fails makes no error, see `onFailure`.
   * @throws `STREAMS_FORBIDDEN`, `STREAMS_ABORTED`, what the source throws; `STREAMS_CONNECT_FAILED`, `STREAMS_DRAINING`, `STREAMS_INTERNAL`
   * where it ended early.
   */
  import(source: ImportSource, options: ImportOptions = {}): Promise<ImportProgress> {
    return importDevices(this.#rest, source, options);
  }

  /**
   * Changes a device that exists. One that is disabled is cut off within a second.
   * @param options.etag Only if the device is still as it was when it had this `etag`.
   * @throws `STREAMS_CONFLICT` if it has changed, `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_DEVICE_ID`, `STREAMS_INVALID_ARGUMENT`,
   * `STREAMS_FORBIDDEN`.
   */
  async update(deviceId: string, settings: DeviceSettings, options: WriteOptions = {}): Promise<Device> {
    return this.#put(deviceId, settings, { 'if-match': matchOf('update', options) });
  }

  /**
   * Makes a new key in the place of one of the two; what stands on the old one ends within a second, all else goes on. To rotate without
   * a gap: rotate the key that the device does not use, give the device the new one, then rotate the other.
   * @throws `STREAMS_CONFLICT` if somebody else changes the device at the same time: of two rotations at once one succeeds, so that no key
   * that was given out is replaced unnoticed. `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_DEVICE_ID`, `STREAMS_FORBIDDEN`.
   */
  async rotateKey(deviceId: string, which: DeviceKey): Promise<Device> {
    const { keys, etag } = await this.get(deviceId);
    // The hub shows keys only to who may write.
    if (keys === undefined) throw createError('FORBIDDEN', { details: { permission: 'device:write' } });
    return this.update(deviceId, { keys: rotated(keys, which, systemRandom) }, { etag });
  }

  /**
   * Deletes a device; its links and streams end.
   * @param options.etag Only if the device is still as it was when it had this `etag`.
   * @throws `STREAMS_CONFLICT` if it has changed, `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_DEVICE_ID`, `STREAMS_FORBIDDEN`.
   */
  async delete(deviceId: string, options: WriteOptions = {}): Promise<void> {
    const headers = { 'if-match': matchOf('delete', options) };
    await this.#rest.call({ method: 'DELETE', path: pathOf(deviceId), headers, timeoutMs: 0 }, () => undefined);
  }

  /**
   * All that a device needs, a secret: the hub's own name, the id, a key, and the CA if this client trusts one alone.
   * @throws `STREAMS_FORBIDDEN` if the policy may not see keys, and what `get` throws.
   */
  async connectionString(deviceId: string, which: DeviceKey = 'primary'): Promise<string> {
    const { keys } = await this.get(deviceId);
    const key = keyIn(keys ?? [], which);
    if (key === undefined) throw createError('FORBIDDEN', { details: { permission: 'device:write' } });
    return formatConnectionString({ ...(await hubAddress(this.#rest, this.#caCertificate)), deviceId, key: new Secret(key) });
  }

  async #put(deviceId: string, body: DeviceSettings, headers: RestCall['headers']): Promise<Device> {
    const call: RestCall = { method: 'PUT', path: pathOf(deviceId), body, headers, timeoutMs: 0 };
    try {
      return await this.#rest.call(call, asDeviceView);
    } catch (error) {
      throw asArgumentError('devices', error);
    }
  }
}

function pathOf(deviceId: string): string {
  return `/v1/devices/${encodeURIComponent(asDeviceId(deviceId))}`;
}

function queryOf({ prefix, connected, enabled }: DeviceFilter, after?: string): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ prefix, connected, enabled, after }))
    if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query.toString()}`;
}

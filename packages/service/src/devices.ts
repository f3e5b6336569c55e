// Devices as the service manages them: create, show, list, change, delete, exchange a key without a gap; export and import many.
import {
  asDeviceId,
  asDeviceListView,
  asDeviceView,
  asHubView,
  createError,
  type DeviceView,
  type ExportedDevice,
  formatConnectionString,
  type ImportProgress,
  parseHost,
  type PutDeviceBody,
  Secret,
  StreamsError,
  systemRandom,
} from '@streams/protocol/internal';
import { exportDevices, importDevices, type ImportOptions, type ImportSource } from './bulk.ts';
import type { Rest, RestCall } from './rest.ts';

const KEY_BYTES = 32;

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

/** When a device may be changed. */
export interface WriteOptions {
  /** Of the device as it was seen. Default: whatever it is now. */
  readonly etag?: string | undefined;
}

/** Which of a device's two keys. */
export type DeviceKey = 'primary' | 'secondary';

/** The devices of a hub. Reading takes a policy with `device:read`, changing one with `device:write`. */
export class Devices {
  readonly #rest: Rest;
  readonly #caCertificate: string | undefined;

  /** Made by `ServiceClient`. @internal */
  constructor(rest: Rest, ca: string | readonly string[] | undefined) {
    this.#rest = rest;
    // A bundle does not say which of its CAs is the hub's.
    const pem = [ca ?? []].flat().join('\n');
    this.#caCertificate = pem.split('BEGIN CERTIFICATE').length === 2 ? pem : undefined;
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
    const [primary = '', secondary = ''] = keys ?? [];
    // The hub shows keys only to who may write.
    if (keys === undefined) throw createError('FORBIDDEN', { details: { permission: 'device:write' } });
    const fresh = systemRandom.bytes(KEY_BYTES).toString('base64');
    return this.update(deviceId, { keys: which === 'primary' ? [fresh, secondary] : [primary, fresh] }, { etag });
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
    const key = keys?.[which === 'primary' ? 0 : 1];
    if (key === undefined) throw createError('FORBIDDEN', { details: { permission: 'device:write' } });
    const { hostName } = await this.#rest.call({ method: 'GET', path: '/v1/hub', timeoutMs: 0 }, asHubView);
    const hub = parseHost(hostName);
    if (!hub) throw createError('CONNECT_FAILED', { message: "the answer is not a hub's: hostName: no host name" });
    return formatConnectionString({ ...hub, deviceId, key: new Secret(key), caCertificate: this.#caCertificate });
  }

  async #put(deviceId: string, body: DeviceSettings, headers: RestCall['headers']): Promise<Device> {
    const call: RestCall = { method: 'PUT', path: pathOf(deviceId), body, headers, timeoutMs: 0 };
    try {
      return await this.#rest.call(call, asDeviceView);
    } catch (error) {
      if (!StreamsError.is(error) || error.code !== 'STREAMS_BAD_REQUEST') throw error;
      throw createError('INVALID_ARGUMENT', { message: `devices: ${error.message}`, details: { field: error.details['path'] } });
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

/** A quote in it would end the header's value early. */
function matchOf(call: string, { etag }: WriteOptions): string {
  if (etag === undefined) return '*';
  if (typeof etag === 'string' && /^[!#-~]{1,64}$/.test(etag)) return `"${etag}"`;
  throw createError('INVALID_ARGUMENT', { message: `${call}: etag: expected the etag of a device`, details: { field: 'etag' } });
}

// Devices as the service manages them: create, show, list, change, delete, and exchange a key without a gap.
import {
  asDeviceId,
  asDeviceListView,
  asDeviceView,
  createError,
  type DeviceView,
  formatConnectionString,
  type PutDeviceBody,
  Secret,
  systemRandom,
} from '@streams/protocol/internal';
import { asArgumentError, hubAddress, singleCa } from './hub-address.ts';
import { keyIn, type KeySlot, rotated } from './key-slot.ts';
import type { Rest, RestCall } from './rest.ts';

/** What is set of a device; what is left out stays as it is, or is made. */
export type DeviceSettings = PutDeviceBody;

/** A device, as the hub shows it. */
export type Device = DeviceView;

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
   * Creates a device; keys that are not given are made. One that exists already keeps what `settings` leaves out.
   * @throws `STREAMS_INVALID_DEVICE_ID`, `STREAMS_INVALID_ARGUMENT` that names the field, `STREAMS_FORBIDDEN`.
   */
  async create(deviceId: string, settings: DeviceSettings = {}): Promise<Device> {
    return this.#put(deviceId, settings, false);
  }

  /** @throws `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_DEVICE_ID`, `STREAMS_FORBIDDEN`. */
  async get(deviceId: string): Promise<Device> {
    return this.#rest.call({ method: 'GET', path: pathOf(deviceId), timeoutMs: 0 }, asDeviceView);
  }

  /**
   * All devices, ordered by id, without their keys, fetched page by page.
   * @throws `STREAMS_FORBIDDEN`, at the first step.
   */
  async *list(): AsyncGenerator<Device, void> {
    let query = '';
    for (;;) {
      const { devices, next } = await this.#rest.call({ method: 'GET', path: `/v1/devices${query}`, timeoutMs: 0 }, asDeviceListView);
      yield* devices;
      if (next === undefined) return;
      query = `?after=${encodeURIComponent(next)}`;
    }
  }

  /**
   * Changes a device that exists. One that is disabled is cut off within a second.
   * @throws `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_DEVICE_ID`, `STREAMS_INVALID_ARGUMENT`, `STREAMS_FORBIDDEN`.
   */
  async update(deviceId: string, settings: DeviceSettings): Promise<Device> {
    return this.#put(deviceId, settings, true);
  }

  /**
   * Makes a new key in the place of one of the two; what stands on the old one ends within a second, all else goes on. To rotate without
   * a gap: rotate the key that the device does not use, give the device the new one, then rotate the other.
   * Two rotations of one device at the same time: the later one counts.
   * @throws `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_DEVICE_ID`, `STREAMS_FORBIDDEN`.
   */
  async rotateKey(deviceId: string, which: DeviceKey): Promise<Device> {
    const { keys } = await this.get(deviceId);
    // The hub shows keys only to who may write.
    if (keys === undefined) throw createError('FORBIDDEN', { details: { permission: 'device:write' } });
    return this.#put(deviceId, { keys: rotated(keys, which, systemRandom) }, true);
  }

  /** Deletes a device; its links and streams end. @throws `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_DEVICE_ID`, `STREAMS_FORBIDDEN`. */
  async delete(deviceId: string): Promise<void> {
    await this.#rest.call({ method: 'DELETE', path: pathOf(deviceId), timeoutMs: 0 }, () => undefined);
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

  async #put(deviceId: string, body: DeviceSettings, mustExist: boolean): Promise<Device> {
    const call: RestCall = { method: 'PUT', path: pathOf(deviceId), body, mustExist, timeoutMs: 0 };
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

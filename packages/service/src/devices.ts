// Devices as the service manages them: create, show, list, change, delete, and exchange a key without a gap.
import {
  asDeviceId,
  asDeviceListView,
  asDeviceView,
  asHubView,
  createError,
  type DeviceView,
  formatConnectionString,
  parseHost,
  type PutDeviceBody,
  Secret,
  StreamsError,
  systemRandom,
} from '@streams/protocol/internal';
import type { Rest, RestCall } from './rest.ts';

const KEY_BYTES = 32;

/** What is set of a device; what is left out stays as it is, or is made. */
export type DeviceSettings = PutDeviceBody;

/** A device, as the hub shows it. */
export type Device = DeviceView;

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
    const [primary = '', secondary = ''] = keys ?? [];
    // The hub shows keys only to who may write.
    if (keys === undefined) throw createError('FORBIDDEN', { details: { permission: 'device:write' } });
    const fresh = systemRandom.bytes(KEY_BYTES).toString('base64');
    return this.#put(deviceId, { keys: which === 'primary' ? [fresh, secondary] : [primary, fresh] }, true);
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
    const key = keys?.[which === 'primary' ? 0 : 1];
    if (key === undefined) throw createError('FORBIDDEN', { details: { permission: 'device:write' } });
    const { hostName } = await this.#rest.call({ method: 'GET', path: '/v1/hub', timeoutMs: 0 }, asHubView);
    const hub = parseHost(hostName);
    if (!hub) throw createError('CONNECT_FAILED', { message: "the answer is not a hub's: hostName: no host name" });
    return formatConnectionString({ ...hub, deviceId, key: new Secret(key), caCertificate: this.#caCertificate });
  }

  async #put(deviceId: string, body: DeviceSettings, mustExist: boolean): Promise<Device> {
    const call: RestCall = { method: 'PUT', path: pathOf(deviceId), body, mustExist, timeoutMs: 0 };
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

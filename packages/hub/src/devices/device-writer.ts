// Creates, changes and deletes devices, one change of a device after the other: what a caller leaves out must not come from
// a record that another caller is just replacing, or a device that was disabled is enabled again.
import { asDeviceId, createError, type PutDeviceBody, type Random } from '@streams/protocol/internal';
import type { DeviceRecord, Registry } from './registry.ts';

const KEY_BYTES = 32;

/** The one who changes a hub's registry. */
export class DeviceWriter {
  readonly #registry: Registry;
  readonly #random: Random;
  /** The last change under way of each device. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(registry: Registry, random: Random) {
    this.#registry = registry;
    this.#random = random;
  }

  /**
   * Resolves once the registry has it. What `body` leaves out stays, or is made.
   * @param mustExist Then no device is made.
   * @throws `STREAMS_INVALID_DEVICE_ID`, `STREAMS_DEVICE_NOT_FOUND`
   */
  put(deviceId: string, body: PutDeviceBody, mustExist = false): Promise<{ device: DeviceRecord; created: boolean }> {
    return this.#inTurn(asDeviceId(deviceId), async () => {
      const known = await this.#registry.get(deviceId);
      if (known === undefined && mustExist) throw createError('DEVICE_NOT_FOUND');
      const keys = body.keys ?? known?.keys ?? [];
      const device: DeviceRecord = {
        deviceId,
        enabled: body.enabled ?? known?.enabled ?? true,
        keys: [keys[0] ?? this.#newKey(), keys[1] ?? this.#newKey()],
      };
      await this.#registry.put(device);
      return { device, created: known === undefined };
    });
  }

  /** @throws `STREAMS_INVALID_DEVICE_ID`, `STREAMS_DEVICE_NOT_FOUND` */
  delete(deviceId: string): Promise<void> {
    return this.#inTurn(asDeviceId(deviceId), async () => {
      if (!(await this.#registry.delete(deviceId))) throw createError('DEVICE_NOT_FOUND');
    });
  }

  async #inTurn<T>(deviceId: string, change: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(deviceId) ?? Promise.resolve()).then(change, change);
    this.#last.set(deviceId, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(deviceId) === turn) this.#last.delete(deviceId);
    }
  }

  #newKey(): string {
    return this.#random.bytes(KEY_BYTES).toString('base64');
  }
}

// Creates, changes and deletes devices, one change of a device after the other: what a caller leaves out must not come from
// a record that another caller is just replacing, or a device that was disabled is enabled again.
import { asDeviceId, createError, type PutDeviceBody, type Random } from '@streams/protocol/internal';
import { checkPreconditions, type Preconditions } from '../http/preconditions.ts';
import { deviceEtag } from './etag.ts';
import type { DeviceRecord, Registry } from './registry.ts';

const KEY_BYTES = 32;

/** A device as it has been written. */
export interface WrittenDevice {
  readonly device: DeviceRecord;
  readonly outcome: 'created' | 'changed' | 'unchanged';
}

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
   * Resolves once the registry has it. What `body` leaves out stays, or is made; what is so already is not written again.
   * @throws `STREAMS_INVALID_DEVICE_ID`, `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_CONFLICT`
   */
  put(deviceId: string, body: PutDeviceBody, conditions: Preconditions = {}): Promise<WrittenDevice> {
    return this.#inTurn(asDeviceId(deviceId), async () => {
      const known = await this.#known(deviceId, conditions);
      const keys = body.keys ?? known?.keys ?? [];
      const device: DeviceRecord = {
        deviceId,
        enabled: body.enabled ?? known?.enabled ?? true,
        keys: [keys[0] ?? this.#newKey(), keys[1] ?? this.#newKey()],
      };
      if (known && isSame(known, device)) return { device, outcome: 'unchanged' };
      await this.#registry.put(device);
      return { device, outcome: known ? 'changed' : 'created' };
    });
  }

  /** @throws `STREAMS_INVALID_DEVICE_ID`, `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_CONFLICT` */
  delete(deviceId: string, conditions: Preconditions = {}): Promise<void> {
    return this.#inTurn(asDeviceId(deviceId), async () => {
      await this.#known(deviceId, conditions);
      if (!(await this.#registry.delete(deviceId))) throw createError('DEVICE_NOT_FOUND');
    });
  }

  async #known(deviceId: string, conditions: Preconditions): Promise<DeviceRecord | undefined> {
    const known = await this.#registry.get(deviceId);
    if (known === undefined && conditions.mustExist) throw createError('DEVICE_NOT_FOUND');
    checkPreconditions(conditions, known && deviceEtag(known));
    return known;
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

function isSame(a: DeviceRecord, b: DeviceRecord): boolean {
  return a.enabled === b.enabled && a.keys[0] === b.keys[0] && a.keys[1] === b.keys[1];
}

// Who is connected, since when, in the order of the ids.
import type { Cancel, Clock } from '@streams/protocol/internal';
import { SortedIds } from '../devices/sorted-ids.ts';

/** Who stays connected is seen again as often: a hub that is killed must not take it for long gone. */
const REFRESH_MS = 600_000;

/** See the top of this file. */
export class Presence {
  readonly #clock: Clock;
  readonly #seen: (deviceId: string) => void;
  readonly #sinceMs = new Map<string, number>();
  readonly #ids = new SortedIds();
  #cancel: Cancel | undefined;

  /** @param seen Called when a device comes and when it goes, and now and then in between. */
  constructor(clock: Clock, seen: (deviceId: string) => void) {
    this.#clock = clock;
    this.#seen = seen;
  }

  /** The device can be asked from now on. */
  connected(deviceId: string): void {
    if (!this.#sinceMs.has(deviceId)) this.#ids.add(deviceId);
    this.#sinceMs.set(deviceId, this.#clock.wallMs());
    this.#seen(deviceId);
    this.#cancel ??= this.#clock.every(REFRESH_MS, () => {
      for (const connected of this.#sinceMs.keys()) this.#seen(connected);
    });
  }

  /** It cannot be asked any more. */
  disconnected(deviceId: string): void {
    if (!this.#sinceMs.delete(deviceId)) return;
    this.#ids.delete(deviceId);
    this.#seen(deviceId);
  }

  /** Since when the device is connected, in milliseconds since 1970; `undefined` if it is not. */
  sinceMs(deviceId: string): number | undefined {
    return this.#sinceMs.get(deviceId);
  }

  /** The connected devices behind `after` that begin with `prefix`. Leave the iteration in the turn that began it. */
  ids(after: string, prefix: string): Iterable<string> {
    return this.#ids.from(after, prefix);
  }

  /** For when the hub closes. */
  stop(): void {
    this.#cancel?.();
  }
}

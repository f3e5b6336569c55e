// Round trips of a session, through both of its legs.
import { type Deferred, deferred } from '../../async/deferred.ts';
import type { Clock } from '../../time/clock.ts';
import type { Random } from '../../time/random.ts';
import { encodePing } from '../../wire/session-messages.ts';
import type { Legs } from './legs.ts';

interface Ping {
  readonly sentAtMs: number;
  readonly rtt: Deferred<number | undefined>;
}

const TOKEN_BYTES = 8;

/** The PINGs that are not answered. */
export class Pings {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #legs: Legs;
  readonly #waiting = new Map<string, Ping>();

  constructor(clock: Clock, random: Random, legs: Legs) {
    this.#clock = clock;
    this.#random = random;
    this.#legs = legs;
  }

  /** The round trip of a new one; `undefined` if there is no leg for it, or it goes before the answer comes. */
  async send(): Promise<number | undefined> {
    const token = this.#random.bytes(TOKEN_BYTES);
    if (!this.#legs.signal(encodePing('ping', token))) return undefined;
    const rtt = deferred<number | undefined>();
    this.#waiting.set(keyOf(token), { sentAtMs: this.#clock.monotonicMs(), rtt });
    return rtt.promise;
  }

  /** A PONG has come; one that nobody waits for means nothing. */
  answered(token: Uint8Array): void {
    const key = keyOf(token);
    const ping = this.#waiting.get(key);
    this.#waiting.delete(key);
    ping?.rtt.resolve(this.#clock.monotonicMs() - ping.sentAtMs);
  }

  /** No answer comes any more. */
  lost(): void {
    for (const { rtt } of this.#waiting.values()) rtt.resolve(undefined);
    this.#waiting.clear();
  }
}

function keyOf(token: Uint8Array): string {
  return Buffer.from(token).toString('latin1');
}

// What waits in this hub for receivers that are slow, all streams together: the part of its memory that others decide on.
import type { Cancel, Clock } from '@streams/protocol/internal';
import type { LegPair } from './rendezvous.ts';

/** To add up 20,000 streams takes milliseconds, and no queue grows by much meanwhile. */
const LOOK_EVERY_MS = 250;

/** See the top of this file. */
export class QueuedBytes {
  readonly #clock: Clock;
  readonly #running = new Set<LegPair>();
  #sum = 0;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A stream runs. @returns to be called with its end. */
  watch(legs: LegPair): Cancel {
    this.#running.add(legs);
    return () => void this.#running.delete(legs);
  }

  /** A quarter of a second old at most. */
  get sum(): number {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lookedAtMs < LOOK_EVERY_MS) return this.#sum;
    this.#lookedAtMs = nowMs;
    this.#sum = 0;
    for (const { device, service } of this.#running) this.#sum += device.bufferedBytes + service.bufferedBytes;
    return this.#sum;
  }
}

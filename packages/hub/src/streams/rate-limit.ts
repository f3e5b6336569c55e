// Bytes per second of one direction of a stream: who sends more is read no faster, so that its own writes wait. Nothing is dropped.
import type { Cancel, Clock, Leg, LegMessage } from '@streams/protocol/internal';
import { type Rate, TokenBucket } from './token-bucket.ts';

/** Of the rate: what may come at once after a pause. A message that is larger is let through whole, and waited for. */
const BURST_MS = 100;
/** Not read for at least this long: a timer for each message would cost more than it evens out. */
const PAUSE_MS = 20;

/** What is to be read no faster. */
export interface PacedDirection {
  /** Its sender. */
  readonly leg: Leg;
  hold(): void;
  release(): void;
}

/** Reads one leg at a rate. Costs nothing as long as there is none. */
export class Pacer {
  readonly #direction: PacedDirection;
  readonly #clock: Clock;
  #pace: { readonly rate: Rate; readonly bucket: TokenBucket } | undefined;
  #cancel: Cancel | undefined;

  constructor(direction: PacedDirection, clock: Clock) {
    this.#direction = direction;
    this.#clock = clock;
  }

  /** @param bytesPerSecond `Infinity`: as fast as they come. */
  set(bytesPerSecond: number): void {
    if (bytesPerSecond === (this.#pace?.rate.perSecond ?? Infinity)) return;
    this.stop();
    if (bytesPerSecond === Infinity) return;
    const rate = { perSecond: bytesPerSecond, burst: (bytesPerSecond * BURST_MS) / 1_000 };
    this.#pace = { rate, bucket: new TokenBucket(rate, this.#clock.monotonicMs()) };
    this.#direction.leg.on('message', this.#onMessage);
  }

  /** Ends the pacing. */
  stop(): void {
    this.#direction.leg.off('message', this.#onMessage);
    this.#pace = undefined;
    if (this.#cancel) this.#release();
  }

  readonly #onMessage = (message: LegMessage): void => {
    this.#pace?.bucket.take(this.#pace.rate, this.#clock.monotonicMs(), Buffer.byteLength(message));
    // What ws had read already still comes, and is waited for too.
    if (this.#cancel) return;
    const waitMs = this.#waitMs();
    if (waitMs === 0) return;
    this.#direction.hold();
    this.#cancel = this.#clock.after(Math.max(PAUSE_MS, waitMs), () => this.#onWaited());
  };

  #onWaited(): void {
    const waitMs = this.#waitMs();
    if (waitMs === 0) this.#release();
    else this.#cancel = this.#clock.after(waitMs, () => this.#onWaited());
  }

  #waitMs(): number {
    return this.#pace?.bucket.waitMs(this.#pace.rate, this.#clock.monotonicMs(), 0) ?? 0;
  }

  #release(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#direction.release();
  }
}

// A rate that may be exceeded for a moment: tokens that come back with time, each spent once.

/** How many tokens come back per second, and how many there are at most. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** See the top of this file. The rate is given anew each time, since it can change. */
export class TokenBucket {
  #tokens: number;
  #countedAtMs: number;

  /** Full. */
  constructor(rate: Rate, nowMs: number) {
    this.#tokens = rate.burst;
    this.#countedAtMs = nowMs;
  }

  /** Milliseconds until `count` tokens are there; 0: now. */
  waitMs(rate: Rate, nowMs: number, count = 1): number {
    this.#refill(rate, nowMs);
    return Math.max(0, ((count - this.#tokens) / rate.perSecond) * 1_000);
  }

  /** Spends tokens, those that are not there yet too. */
  take(rate: Rate, nowMs: number, count = 1): void {
    this.#refill(rate, nowMs);
    this.#tokens -= count;
  }

  /** True if nothing is remembered that a new bucket would not have. */
  isFull(rate: Rate, nowMs: number): boolean {
    this.#refill(rate, nowMs);
    return this.#tokens >= rate.burst;
  }

  #refill({ perSecond, burst }: Rate, nowMs: number): void {
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#countedAtMs) / 1_000) * perSecond);
    this.#countedAtMs = nowMs;
  }
}

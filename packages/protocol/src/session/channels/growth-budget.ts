// What receive windows may grow by: a bound for a session inside a bound for the process.
import { MAX_PROCESS_GROWTH_BYTES } from '../../wire/channel-limits.ts';

/** Bytes that can be taken and given back, here and in all that this is a part of. */
export class GrowthBudget {
  #usedBytes = 0;
  readonly #maxBytes: number;
  readonly #whole: GrowthBudget | undefined;

  constructor(maxBytes: number, whole?: GrowthBudget) {
    this.#maxBytes = maxBytes;
    this.#whole = whole;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Takes all of `bytes`, or nothing. */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#maxBytes) return false;
    if (this.#whole && !this.#whole.take(bytes)) return false;
    this.#usedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#whole?.give(bytes);
  }
}

/** Shared by the sessions of this process. */
export const processGrowth: GrowthBudget = new GrowthBudget(MAX_PROCESS_GROWTH_BYTES);

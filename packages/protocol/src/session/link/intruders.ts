// Wrong proofs: each costs its leg alone, and too many in a row close the door for a while.
import type { Clock } from '../../time/clock.ts';
import { WRONG_PROOF_WAIT_MS } from '../../wire/defaults.ts';
import { MAX_WRONG_PROOFS } from '../../wire/limits.ts';

/** Counts those who could not prove that they are the peer. */
export class Intruders {
  #count = 0;
  #refusedUntilMs = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new leg is not worth looking at now. */
  get areTooMany(): boolean {
    return this.#count >= MAX_WRONG_PROOFS && this.#clock.monotonicMs() < this.#refusedUntilMs;
  }

  add(): void {
    this.#count += 1;
    this.#refusedUntilMs = this.#clock.monotonicMs() + WRONG_PROOF_WAIT_MS;
  }

  /** The peer itself has come. */
  forget(): void {
    this.#count = 0;
  }
}

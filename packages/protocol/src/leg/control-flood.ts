// Too many control frames: a peer that sends more pings and pongs than anybody needs keeps us busy without a byte of payload.
import type { Clock } from '../time/clock.ts';
import { CONTROL_FRAME_BURST, CONTROL_FRAMES_PER_SECOND } from '../wire/limits.ts';

/** Counts the control frames of one connection. */
export class ControlFlood {
  readonly #clock: Clock;
  /** Frames that may come at once. */
  #room = CONTROL_FRAME_BURST;
  #countedAtMs: number;
  #pausedAtMs: number | undefined;
  /** What may have piled up while we did not read. */
  #backlog = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#countedAtMs = clock.monotonicMs();
  }

  /** We read, or do not: an honest peer breaks its silence all the while, and all that it has sent comes at once. */
  reading(reading: boolean): void {
    const nowMs = this.#clock.monotonicMs();
    if (!reading) this.#pausedAtMs ??= nowMs;
    if (!reading || this.#pausedAtMs === undefined) return;
    this.#backlog += framesIn(nowMs - this.#pausedAtMs);
    this.#pausedAtMs = undefined;
  }

  /** A control frame has come. @returns true if it is one too many. */
  add(): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#room = Math.min(CONTROL_FRAME_BURST, this.#room + framesIn(nowMs - this.#countedAtMs));
    this.#countedAtMs = nowMs;
    if (this.#backlog >= 1) this.#backlog -= 1;
    else this.#room -= 1;
    return this.#room < 0;
  }
}

function framesIn(ms: number): number {
  return (ms / 1_000) * CONTROL_FRAMES_PER_SECOND;
}

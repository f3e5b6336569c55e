// Control frames in the order in which they were said: OPEN, ACCEPT, RESET, END.
import type { Later } from './send-queue.ts';

/** An encoded frame. */
export interface ControlFrame {
  readonly bytes: Uint8Array;
  /** Runs once the frame has its place in a message. */
  readonly sent: Later | undefined;
}

/** A queue that stays fast when it is long. */
export class ControlQueue {
  #frames: ControlFrame[] = [];
  #next = 0;

  get length(): number {
    return this.#frames.length - this.#next;
  }

  get first(): ControlFrame | undefined {
    return this.#frames[this.#next];
  }

  push(frame: ControlFrame): void {
    this.#frames.push(frame);
  }

  shift(): void {
    this.#next += 1;
    if (this.#next < this.#frames.length / 2) return;
    this.#frames = this.#frames.slice(this.#next);
    this.#next = 0;
  }
}

// Control frames in the order in which they were said: OPEN, ACCEPT, RESET, END.
import type { Later } from './send-queue.ts';

/** An encoded frame. */
export interface ControlFrame {
  readonly bytes: Uint8Array;
  /** Runs once the frame has its place in a message. */
  readonly sent: Later | undefined;
}

interface Entry extends ControlFrame {
  next: Entry | undefined;
}

/** First in, first out; as fast when it is long. */
export class ControlQueue {
  #length = 0;
  #first: Entry | undefined;
  #last: Entry | undefined;

  get length(): number {
    return this.#length;
  }

  get first(): ControlFrame | undefined {
    return this.#first;
  }

  push(bytes: Uint8Array, sent: Later | undefined): void {
    const entry = { bytes, sent, next: undefined };
    if (this.#last) this.#last.next = entry;
    else this.#first = entry;
    this.#last = entry;
    this.#length += 1;
  }

  shift(): void {
    if (!this.#first) return;
    this.#first = this.#first.next;
    if (!this.#first) this.#last = undefined;
    this.#length -= 1;
  }
}

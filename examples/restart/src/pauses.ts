// How long a load stands still: the longest time in which nothing of it arrives.

/** See the file's head. */
export class Pauses {
  /** When something last arrived, by `performance.now()`; 0 before anything has. */
  movedMs = 0;
  #longestMs = 0;

  /** Something has arrived. */
  moved(): void {
    const nowMs = performance.now();
    if (this.movedMs > 0) this.#longestMs = Math.max(this.#longestMs, nowMs - this.movedMs);
    this.movedMs = nowMs;
  }

  /** The longest pause since the last call, in milliseconds. */
  take(): number {
    const longestMs = this.#longestMs;
    this.#longestMs = 0;
    return longestMs;
  }
}

// What was sent and is not acknowledged: kept byte for byte, and sent again on the next leg from where the peer stands.
import { SessionFailure } from '../seam.ts';

interface Kept {
  /** The position behind its frames. */
  readonly end: number;
  readonly message: Buffer;
}

/** Positions count frame bytes, from the start of the session. */
export class ReplayQueue {
  /** Frame bytes composed so far. */
  sent = 0;
  /** Frame bytes that the peer has acknowledged. */
  acked = 0;
  /** Frame bytes before the next message of this leg. */
  position = 0;
  readonly #kept: (Kept | undefined)[] = [];
  /** The oldest message that is kept, and the next one to send on this leg. */
  #first = 0;
  #next = 0;

  /** Frame bytes that are not acknowledged. */
  get bytes(): number {
    return this.sent - this.acked;
  }

  /** Takes a new message, to be sent behind all others. */
  add(message: Buffer, framesBytes: number): void {
    this.sent += framesBytes;
    this.#kept.push({ end: this.sent, message });
  }

  /** The next message for this leg; `undefined` when all were sent on it. */
  next(): Buffer | undefined {
    const kept = this.#kept[this.#next];
    if (kept === undefined) return undefined;
    this.#next += 1;
    this.position = kept.end;
    return kept.message;
  }

  /** @throws SessionFailure for a position that this leg has not reached, that was passed, or that is not behind a message. */
  acknowledge(position: number): void {
    if (!this.#release(position, this.position)) {
      throw new SessionFailure('PROTOCOL', `ack.received: expected the end of a message sent, found ${position}`);
    }
  }

  /**
   * Begins a new leg, behind what the peer has received.
   * @throws SessionFailure where the two ends do not fit together.
   */
  resume(position: number): void {
    if (!this.#release(position, this.sent)) {
      throw new SessionFailure('RESUME_IMPOSSIBLE', `proof.received: expected the end of a message kept, found ${position}`);
    }
    this.#next = this.#first;
    this.position = position;
  }

  #release(position: number, most: number): boolean {
    if (position > most) return false;
    let first = this.#first;
    let end = this.acked;
    while (end < position) {
      end = this.#kept[first]?.end ?? Number.POSITIVE_INFINITY;
      first += 1;
    }
    if (end !== position) return false;
    this.#kept.fill(undefined, this.#first, first);
    this.#first = first;
    this.acked = position;
    this.#compact();
    return true;
  }

  /** Keeps the array as long as what is in it, at a constant cost for each message. */
  #compact(): void {
    if (this.#first < 32 || this.#first * 2 < this.#kept.length) return;
    this.#kept.splice(0, this.#first);
    this.#next -= this.#first;
    this.#first = 0;
  }
}

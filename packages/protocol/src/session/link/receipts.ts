// What was received, and when to say so: at once where the peer asks, else soon.
import type { Cancel, Clock } from '../../time/clock.ts';
import { SESSION_ACK_DELAY_MS } from '../../wire/defaults.ts';

/** The receiving half of the acknowledgements of a link. */
export class Receipts {
  /** Frame bytes processed. */
  received = 0;
  #told = 0;
  #isDue = false;
  #cancel: Cancel | undefined;
  readonly #clock: Clock;
  readonly #tell: () => void;

  /** @param tell An ACK is due: send it if that is possible now, and call {@link Receipts.told}. */
  constructor(clock: Clock, tell: () => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** The peer has asked, or its patience is over, and it was not told since. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** There is something that the peer was not told of. */
  get isBehind(): boolean {
    return this.#isDue || this.received > this.#told;
  }

  /** A whole message was processed. */
  took(framesBytes: number, asks: boolean): void {
    this.received += framesBytes;
    if (asks) return this.#due();
    if (framesBytes > 0) this.#cancel ??= this.#clock.after(SESSION_ACK_DELAY_MS, () => this.#due());
  }

  /** The peer was told of all that was received: by ACK or by PROOF. */
  told(): void {
    this.#told = this.received;
    this.#isDue = false;
    this.stop();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #due(): void {
    this.stop();
    this.#isDue = true;
    this.#tell();
  }
}

// What was received, and when to say so: at once where the peer asks, else soon.
import type { Cancel, Clock } from '../../time/clock.ts';
import { SESSION_ACK_DELAY_MS } from '../../wire/defaults.ts';
import { encodeAck } from '../../wire/session-messages.ts';
import type { Legs } from './legs.ts';

/** The receiving half of the acknowledgements of a link. */
export class Receipts {
  /** Frame bytes processed. */
  received = 0;
  #told = 0;
  #isDue = false;
  #isOver = false;
  #cancel: Cancel | undefined;
  readonly #clock: Clock;
  readonly #legs: Legs;

  constructor(clock: Clock, legs: Legs) {
    this.#clock = clock;
    this.#legs = legs;
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
    if (this.#isOver) return;
    if (asks) return this.#due();
    if (framesBytes > 0) this.#cancel ??= this.#clock.after(SESSION_ACK_DELAY_MS, () => this.#due());
  }

  /** Sends an ACK, behind our PROOF at the earliest. Where there is no room for it the next flush does, where there is no leg the next one. */
  acknowledge(): void {
    const { carrier } = this.#legs;
    if (carrier === undefined || carrier.greeting.name === 'hello' || !carrier.hasRoom) return;
    carrier.send(encodeAck(this.received));
    this.#told = this.received;
    this.#isDue = false;
    this.#stopWaiting();
  }

  /** Nobody is to be told any more. */
  end(): void {
    this.#isOver = true;
    this.#stopWaiting();
  }

  #due(): void {
    this.#stopWaiting();
    this.#isDue = true;
    this.acknowledge();
  }

  #stopWaiting(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

// One leg of a session: its handshake, and whether its messages are taken now or held.
import type { Leg, LegEnd, LegMessage } from '../../leg/leg.ts';
import type { Cancel, Clock } from '../../time/clock.ts';
import { CLOSE_CLEAN, CLOSE_PROTOCOL_ERROR } from '../../wire/close-codes.ts';
import { HIGH_WATER_BYTES, SESSION_HELLO_TIMEOUT_MS, SESSION_MESSAGE_BYTES } from '../../wire/defaults.ts';

/** Where the handshake of a leg stands. Our own HELLO goes out with the attachment. */
export type Greeting =
  /** The peer's HELLO is awaited. */
  | { readonly name: 'hello' }
  /** Ours went out, the peer's PROOF is awaited. `introduces`: the peer was not known before, so that its frames may come at once. */
  | { readonly name: 'proof'; readonly theirs: Uint8Array; readonly introduces: boolean }
  /** Proven. */
  | { readonly name: 'up' };

/** What a leg tells the link. */
export interface LinkLegEvents {
  message(leg: LinkLeg, message: LegMessage): void;
  /** It has ended, and not by {@link LinkLeg.close}. */
  lost(leg: LinkLeg, end: LegEnd): void;
  /** Something that was sent has left. */
  flushed(): void;
}

/** See above. */
export class LinkLeg {
  greeting: Greeting = { name: 'hello' };
  /** How many legs this end has had, this one included. */
  readonly epoch: number;
  /** Our HELLO on it, byte for byte. */
  readonly hello: Uint8Array;
  /** What the peer had acknowledged when it came: no PROOF on it is older. */
  readonly ackedBefore: number;
  readonly #leg: Leg;
  readonly #events: LinkLegEvents;
  /** What came after {@link LinkLeg.freeze}. */
  readonly #held: LegMessage[] = [];
  #isFrozen = false;
  #isOver = false;
  #stopWaiting: Cancel | undefined;

  constructor(leg: Leg, epoch: number, hello: Uint8Array, ackedBefore: number, events: LinkLegEvents) {
    this.#leg = leg;
    this.epoch = epoch;
    this.hello = hello;
    this.ackedBefore = ackedBefore;
    this.#events = events;
  }

  /** Says HELLO, and gives the peer its time to answer. */
  start(clock: Clock): void {
    this.#leg.on('message', this.#onMessage);
    this.#leg.on('close', this.#onClose);
    this.#stopWaiting = clock.after(SESSION_HELLO_TIMEOUT_MS, () => this.#late());
    this.send(this.hello);
    this.#leg.resume();
  }

  /** The peer has proven itself. */
  proven(): void {
    this.greeting = { name: 'up' };
    this.#stopWaiting?.();
  }

  /** Room for one more message. */
  get hasRoom(): boolean {
    return !this.#isOver && this.#leg.bufferedBytes + SESSION_MESSAGE_BYTES <= HIGH_WATER_BYTES;
  }

  send(message: Uint8Array): void {
    if (!this.#isOver) this.#leg.send(message, this.#onFlushed);
  }

  /** Takes no more messages: a newer leg begins where this one stands. */
  freeze(): void {
    if (this.#isFrozen) return;
    this.#isFrozen = true;
    this.#leg.pause();
  }

  /** The newer leg came to nothing: goes on, with what has come meanwhile first. */
  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    while (!this.#isFrozen && !this.#isOver) {
      const message = this.#held.shift();
      if (message === undefined) return this.#leg.resume();
      this.#events.message(this, message);
    }
  }

  /** Ends it; nothing is told of it any more. */
  close(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#leg.off('close', this.#onClose);
    this.#end();
    this.#leg.close(code, reason);
  }

  /** Ends it cleanly; {@link LinkLegEvents.lost} tells how that went. */
  finish(): void {
    if (this.#isOver) return;
    this.#end();
    this.#leg.close(CLOSE_CLEAN);
  }

  readonly #onMessage = (message: LegMessage): void => {
    if (this.#isFrozen) this.#held.push(message);
    else this.#events.message(this, message);
  };

  readonly #onClose = (end: LegEnd): void => {
    if (!this.#isOver) this.#end();
    this.#events.lost(this, end);
  };

  readonly #onFlushed = (): void => {
    if (!this.#isOver) this.#events.flushed();
  };

  #late(): void {
    this.close(CLOSE_PROTOCOL_ERROR, `no ${this.greeting.name.toUpperCase()} within ${SESSION_HELLO_TIMEOUT_MS} ms`);
    this.#events.lost(this, { code: CLOSE_PROTOCOL_ERROR, reason: 'the other side did not introduce itself', violation: false });
  }

  #end(): void {
    this.#isOver = true;
    this.#held.length = 0;
    this.#stopWaiting?.();
    this.#leg.off('message', this.#onMessage);
  }
}

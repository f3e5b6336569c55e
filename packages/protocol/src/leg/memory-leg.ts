// Two legs joined in memory, with the manners of a WebSocket: for tests and simulation.
import { EventEmitter } from 'eventemitter3';
import type { Cancel, Clock } from '../time/clock.ts';
import { CLOSE_CLEAN, CLOSE_LOST, MAX_CLOSE_REASON_BYTES } from '../wire/close-codes.ts';
import { ABNORMAL_CLOSE_WAIT_MS } from '../wire/defaults.ts';
import { cutUtf8 } from '../wire/encode.ts';
import type { Leg, LegEnd, LegEvents, LegMessage } from './leg.ts';

type Parcel =
  | { readonly kind: 'message'; readonly message: LegMessage; readonly flushed: (() => void) | undefined }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

class MemoryLeg extends EventEmitter<LegEvents> implements Leg {
  bufferedBytes = 0;
  readonly copies = false;
  #peer: MemoryLeg | undefined;
  #inbox: Parcel[] = [];
  #paused = true;
  #scheduled = false;
  #closing = false;
  #ended = false;
  #stopWaiting: Cancel | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  join(peer: MemoryLeg): void {
    this.#peer = peer;
  }

  send(message: LegMessage, flushed?: () => void): void {
    if (this.#closing || this.#ended) return;
    this.bufferedBytes += message.length;
    this.#peer?.deliver({ kind: 'message', message, flushed });
  }

  pause(): void {
    if (!this.#closing) this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  close(code: number, reason = ''): void {
    if (this.#ended) return;
    if (code !== CLOSE_CLEAN) this.#stopWaiting ??= this.#clock.after(ABNORMAL_CLOSE_WAIT_MS, () => this.terminate());
    if (this.#closing) return;
    this.#closing = true;
    this.#peer?.deliver({ kind: 'close', code, reason: cutUtf8(reason, MAX_CLOSE_REASON_BYTES) });
    this.resume();
  }

  requireLife(): void {
    // Memory does not die silently.
  }

  terminate(): void {
    const peer = this.#peer;
    this.end({ code: CLOSE_LOST, reason: '', violation: false });
    setImmediate(() => peer?.end({ code: CLOSE_LOST, reason: '', violation: false }));
  }

  deliver(parcel: Parcel): void {
    if (this.#ended) return;
    this.#inbox.push(parcel);
    this.#schedule();
  }

  end(end: LegEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopWaiting?.();
    for (const parcel of this.#inbox.splice(0)) this.#release(parcel);
    this.emit('close', end);
    this.removeAllListeners();
  }

  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#ended || this.#inbox.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#handOver();
      this.#schedule();
    });
  }

  #handOver(): void {
    while (!this.#paused && !this.#ended) {
      const parcel = this.#inbox.shift();
      if (parcel === undefined) return;
      this.#release(parcel);
      if (parcel.kind === 'message' && parcel.flushed) setImmediate(parcel.flushed);
      if (parcel.kind === 'close') return this.#concluded(parcel);
      if (!this.#closing) this.emit('message', parcel.message);
    }
  }

  #release(parcel: Parcel): void {
    if (parcel.kind === 'message' && this.#peer) this.#peer.bufferedBytes -= parcel.message.length;
  }

  #concluded(parcel: Parcel & { kind: 'close' }): void {
    const end = { code: parcel.code, reason: parcel.reason, violation: false };
    const peer = this.#peer;
    this.end(end);
    setImmediate(() => peer?.end(end));
  }
}

/** Two legs: what goes into one comes out of the other. */
export function memoryLegPair(clock: Clock): [Leg, Leg] {
  const a = new MemoryLeg(clock);
  const b = new MemoryLeg(clock);
  a.join(b);
  b.join(a);
  return [a, b];
}

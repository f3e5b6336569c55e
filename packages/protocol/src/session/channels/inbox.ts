// What one channel receives: handed over while nobody pauses, kept otherwise; consumed once it is handed over.
import { KeptBytes } from './kept-bytes.ts';
import { ownBytes } from './own-bytes.ts';
import type { ReceiveWindow } from './receive-window.ts';

/** Who gets it; never throws. */
export interface InboxOwner {
  handOver(chunk: Uint8Array): void;
  handOverEnd(): void;
}

/** One channel's. Starts paused. */
export class Inbox {
  readonly window: ReceiveWindow;
  readonly #owner: InboxOwner;
  #kept: KeptBytes | undefined;
  #isPaused = true;
  #isHandingOver = false;
  #end: 'open' | 'received' | 'told' = 'open';

  constructor(owner: InboxOwner, window: ReceiveWindow) {
    this.#owner = owner;
    this.window = window;
  }

  /** True once the end was handed over, behind all bytes. */
  get hasTold(): boolean {
    return this.#end === 'told';
  }

  /** @throws SessionFailure where the peer sends more than it was granted. */
  receive(bytes: Uint8Array, eof: boolean): void {
    this.window.received(bytes.length);
    if (eof) this.#end = 'received';
    if (bytes.length > 0 && this.#isPaused) this.#keep(bytes);
    else if (bytes.length > 0) this.#hand(ownBytes(bytes));
    this.#handOver();
  }

  /** Receives and forgets. */
  discard(bytes: Uint8Array): void {
    this.window.received(bytes.length);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#handOver();
  }

  /** Drops all, and hands over nothing more. */
  clear(): void {
    this.#kept = undefined;
    this.#end = 'told';
  }

  #keep(bytes: Uint8Array): void {
    this.#kept ??= new KeptBytes();
    this.#kept.push(bytes);
  }

  #handOver(): void {
    if (this.#isPaused || this.#isHandingOver) return;
    while (!this.#isPaused) {
      const chunk = this.#kept?.shift();
      if (!chunk) break;
      this.#hand(chunk);
    }
    if (this.#kept?.isEmpty) this.#kept = undefined;
    if (this.#isPaused || this.#kept || this.#end !== 'received') return;
    this.#end = 'told';
    this.#owner.handOverEnd();
  }

  #hand(chunk: Uint8Array): void {
    this.window.consumed(chunk.length);
    this.#isHandingOver = true;
    this.#owner.handOver(chunk);
    this.#isHandingOver = false;
  }
}

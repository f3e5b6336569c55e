// The credit that we grant on one channel: on consumption, not on receipt, in a window that grows where the sender is held up by it.
import { MAX_CHANNEL_WINDOW_BYTES } from '../../wire/channel-limits.ts';
import { WINDOW_STEP_BYTES } from '../../wire/defaults.ts';
import { SessionFailure } from '../seam.ts';
import type { GrowthBudget } from './growth-budget.ts';
import { Linked } from './linked-list.ts';

/** Bytes are granted, received, and consumed; those that are granted or not yet consumed fill the window. */
export class ReceiveWindow extends Linked {
  readonly channelId: number;
  readonly #initialBytes: number;
  readonly #growth: GrowthBudget;
  #windowBytes: number;
  /** The peer may still send this much. */
  #grantedBytes: number;
  #unreadBytes = 0;

  /** @param initialBytes What the peer knows to be granted from the start. */
  constructor(channelId: number, initialBytes: number, growth: GrowthBudget) {
    super();
    this.channelId = channelId;
    this.#initialBytes = initialBytes;
    this.#windowBytes = initialBytes;
    this.#grantedBytes = initialBytes;
    this.#growth = growth;
  }

  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** True if so much can be granted that a frame for it is worth its while. */
  get isDue(): boolean {
    return this.#grantableBytes >= Math.min(this.#windowBytes / 2, WINDOW_STEP_BYTES);
  }

  /** @throws SessionFailure where the peer sends more than it was granted. */
  received(bytes: number): void {
    if (bytes > this.#grantedBytes) throw new SessionFailure('FLOW', `channel ${this.channelId}: more bytes than granted`);
    this.#grantedBytes -= bytes;
    this.#unreadBytes += bytes;
  }

  consumed(bytes: number): void {
    this.#unreadBytes -= bytes;
  }

  /** The sender waits for credit: if the reader is not what it waits for, the window doubles. */
  blocked(): void {
    const wantedBytes = Math.min(2 * this.#windowBytes, MAX_CHANNEL_WINDOW_BYTES);
    if (this.#unreadBytes > this.#windowBytes / 4 || wantedBytes === this.#windowBytes) return;
    if (this.#growth.take(wantedBytes - this.#windowBytes)) this.#windowBytes = wantedBytes;
  }

  /** Grants all that can be granted; gives how much. */
  grant(): number {
    const bytes = this.#grantableBytes;
    this.#grantedBytes += bytes;
    return bytes;
  }

  /** Gives back what it has grown by; nothing is granted after that. */
  release(): void {
    this.#growth.give(this.#windowBytes - this.#initialBytes);
    this.#windowBytes = this.#initialBytes;
  }

  get #grantableBytes(): number {
    return this.#windowBytes - this.#grantedBytes - this.#unreadBytes;
  }
}

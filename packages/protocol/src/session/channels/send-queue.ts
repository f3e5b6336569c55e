// What waits to be sent on one channel: chunks by reference, the credit for them, and the end behind them.
import { CHANNEL_HIGH_WATER_BYTES, MAX_CREDIT_BYTES } from '../../wire/channel-limits.ts';
import { SessionFailure } from '../seam.ts';
import { Linked } from './linked-list.ts';

/** Runs later, since an application's code may run neither inside the composing of a message nor stop it. */
export type Later = () => void;

interface Chunk {
  readonly bytes: Uint8Array;
  readonly taken: Later | undefined;
  next: Chunk | undefined;
}

/** A DATA frame of a message that is being composed. */
export interface PlannedData {
  readonly queue: SendQueue;
  readonly bytes: number;
  readonly eof: boolean;
  readonly blocked: boolean;
}

/** Whose queue it is. */
export interface SendOwner {
  readonly id: number;
  /** The frame with EOF has its place in a message. */
  eofSent(): void;
  /** There is room again, and somebody waits for it. */
  drained(): void;
}

/** One channel's. */
export class SendQueue extends Linked {
  readonly owner: SendOwner;
  /** Bytes that have no place in a message yet. */
  queuedBytes = 0;
  #creditBytes: number;
  #first: Chunk | undefined;
  #last: Chunk | undefined;
  /** Bytes of the first chunk that were copied. */
  #copiedBytes = 0;
  #end: 'open' | 'wanted' | 'sent' = 'open';
  #ended: Later | undefined;
  #saidBlocked = false;
  #isAwaited = false;

  constructor(owner: SendOwner, creditBytes: number) {
    super();
    this.owner = owner;
    this.#creditBytes = creditBytes;
  }

  get hasEnd(): boolean {
    return this.#end !== 'open';
  }

  /** True if there is a frame to be sent. */
  get isReady(): boolean {
    if (this.queuedBytes === 0) return this.#end === 'wanted';
    return this.#creditBytes > 0 || !this.#saidBlocked;
  }

  /** Appends; false if the writer should wait until the owner has drained. */
  write(bytes: Uint8Array, taken: Later | undefined): boolean {
    if (bytes.length > 0 || this.#first) this.#append({ bytes, taken, next: undefined });
    else if (taken) queueMicrotask(taken);
    this.#isAwaited ||= this.queuedBytes >= CHANNEL_HIGH_WATER_BYTES;
    return !this.#isAwaited;
  }

  /** Nothing follows. */
  end(ended: Later | undefined): void {
    this.#end = 'wanted';
    this.#ended = ended;
  }

  /** @throws SessionFailure where the peer grants more than can be counted. */
  credit(bytes: number): void {
    this.#creditBytes += bytes;
    this.#saidBlocked = false;
    if (this.#creditBytes > MAX_CREDIT_BYTES) throw new SessionFailure('FLOW', `channel ${this.owner.id}: too much credit`);
  }

  /** The next frame, of at most `maxBytes`; its bytes are fetched by {@link copyTo}, in the same order. */
  plan(maxBytes: number): PlannedData {
    const bytes = Math.min(this.queuedBytes, this.#creditBytes, maxBytes);
    this.queuedBytes -= bytes;
    this.#creditBytes -= bytes;
    const eof = this.#end === 'wanted' && this.queuedBytes === 0;
    const blocked = this.queuedBytes > 0 && this.#creditBytes === 0;
    if (blocked) this.#saidBlocked = true;
    if (eof) this.#end = 'sent';
    return { queue: this, bytes, eof, blocked };
  }

  /** Copies what was planned, each byte once; what is done with goes to `later`. */
  copyTo(target: Uint8Array, at: number, { bytes, eof }: PlannedData, later: Later[]): void {
    for (let left = bytes; left > 0; ) {
      const chunk = this.#first;
      if (!chunk) break;
      const part = this.#copiedBytes === 0 && chunk.bytes.length <= left ? chunk.bytes : this.#part(chunk, left);
      target.set(part, at + bytes - left);
      left -= part.length;
      this.#copiedBytes += part.length;
      if (this.#copiedBytes === chunk.bytes.length) this.#shift(chunk, later);
    }
    while (this.#first?.bytes.length === 0) this.#shift(this.#first, later);
    if (eof && this.#ended) later.push(this.#ended);
    if (!this.#isAwaited || this.queuedBytes >= CHANNEL_HIGH_WATER_BYTES) return;
    this.#isAwaited = false;
    later.push(() => this.owner.drained());
  }

  /** Drops all; nobody is told. */
  clear(): void {
    this.queuedBytes = 0;
    this.#first = undefined;
    this.#last = undefined;
    this.#ended = undefined;
    this.#end = 'sent';
  }

  #append(chunk: Chunk): void {
    if (this.#last) this.#last.next = chunk;
    else this.#first = chunk;
    this.#last = chunk;
    this.queuedBytes += chunk.bytes.length;
  }

  #part(chunk: Chunk, left: number): Uint8Array {
    return chunk.bytes.subarray(this.#copiedBytes, this.#copiedBytes + left);
  }

  #shift(chunk: Chunk, later: Later[]): void {
    if (chunk.taken) later.push(chunk.taken);
    this.#first = chunk.next;
    if (!chunk.next) this.#last = undefined;
    this.#copiedBytes = 0;
  }
}

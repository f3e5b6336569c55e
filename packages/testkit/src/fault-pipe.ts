// One direction of a proxied connection: bytes go from one socket to another, and suffer on the way what is asked for.
import type { Socket } from 'node:net';
import { type Cancel, type Random, systemClock } from '@streams/protocol/internal';

/** What one direction suffers. What is left out stays as it is. */
export interface Faults {
  /** Each byte arrives this much later, plus up to `jitterMs`; the order is kept. */
  readonly latencyMs?: number;
  readonly jitterMs?: number;
  /** `Infinity`: as fast as it goes. */
  readonly bytesPerSecond?: number;
  /** Bytes leave in writes of this size at most, each in its own turn of the event loop. */
  readonly splitBytes?: number;
  /** Nothing arrives any more, not even an end; both sockets stay. */
  readonly frozen?: boolean;
  /** Lets this many more bytes through, then resets both sockets. */
  readonly cutAfterBytes?: number;
  /** Lets this many more bytes through, then inverts the bits of one. */
  readonly corruptAfterBytes?: number;
}

/** A direction without faults: injecting it heals. */
export const NO_FAULTS: Required<Faults> = {
  latencyMs: 0,
  jitterMs: 0,
  bytesPerSecond: Infinity,
  splitBytes: Infinity,
  frozen: false,
  cutAfterBytes: Infinity,
  corruptAfterBytes: Infinity,
};

interface Parcel {
  readonly kind: 'bytes' | 'fin' | 'reset';
  readonly dueMs: number;
  bytes: Buffer;
}

/** What the path holds before it stops reading. */
const PATH_BYTES = 1_048_576;
/** A limited rate comes in portions of this much time. */
const PORTION_MS = 20;
/** libuv takes a RST that comes together with bytes for a FIN, so they come first; where this process reads them, too, in a turn of its own. */
const CUT_DELAY_MS = 5;
const NOTHING: Buffer = Buffer.alloc(0);

/** Sends a RST. A FIN under way rules it out, so that then the socket is just closed. */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

/** Forwards `source` to `target`. */
export class FaultPipe {
  /** Bytes forwarded so far. */
  forwarded = 0;
  #faults: Required<Faults> = NO_FAULTS;
  #cutAt = Infinity;
  #corruptAt = Infinity;
  #queue: Parcel[] = [];
  #queuedBytes = 0;
  #lastDueMs = 0;
  #freeAtMs = 0;
  #busy = false;
  #cancelStep: Cancel = () => undefined;
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #random: Random;
  readonly #cut: () => void;

  /** `cut` is called where `cutAfterBytes` has run out. */
  constructor(source: Socket, target: Socket, random: Random, cut: () => void) {
    this.#source = source;
    this.#target = target;
    this.#random = random;
    this.#cut = cut;
    source.on('data', (bytes: Buffer) => this.#accept('bytes', bytes));
    source.on('end', () => this.#accept('fin'));
    source.on('error', () => this.#accept('reset'));
    target.on('close', () => this.#discard());
  }

  /** Changes the faults from here on. */
  inject(faults: Faults): void {
    this.#faults = { ...this.#faults, ...faults };
    if (faults.cutAfterBytes !== undefined) this.#cutAt = this.forwarded + faults.cutAfterBytes;
    if (faults.corruptAfterBytes !== undefined) this.#corruptAt = this.forwarded + faults.corruptAfterBytes;
    this.#readOrPause();
    this.#step();
  }

  #accept(kind: Parcel['kind'], bytes = NOTHING): void {
    if (this.#target.destroyed) return;
    const { latencyMs, jitterMs } = this.#faults;
    this.#lastDueMs = Math.max(this.#lastDueMs, performance.now() + latencyMs + jitterMs * this.#random.uniform());
    this.#queue.push({ kind, bytes, dueMs: this.#lastDueMs });
    this.#queuedBytes += bytes.length;
    this.#readOrPause();
    this.#step();
  }

  #readOrPause(): void {
    if (this.#faults.frozen || this.#queuedBytes > PATH_BYTES) this.#source.pause();
    else this.#source.resume();
  }

  #step(): void {
    this.#cancelStep();
    if (this.#faults.frozen || this.#target.destroyed) return;
    // A reset overtakes bytes that the target does not take.
    if (this.#target.writableLength > 0 && this.#queue.at(-1)?.kind === 'reset') return resetSocket(this.#target);
    if (this.#busy) return;
    if (this.forwarded >= this.#cutAt) return this.#cutSoon();
    const parcel = this.#queue[0];
    if (!parcel) return;
    const waitMs = Math.max(parcel.dueMs, this.#freeAtMs) - performance.now();
    if (waitMs > 0) this.#cancelStep = systemClock.after(waitMs, () => this.#step());
    else if (parcel.kind === 'bytes') this.#write(this.#take(parcel));
    else this.#finish(parcel.kind);
  }

  #cutSoon(): void {
    this.#busy = true;
    systemClock.after(CUT_DELAY_MS, () => setImmediate(this.#cut));
  }

  #finish(kind: 'fin' | 'reset'): void {
    this.#queue.shift();
    if (kind === 'reset') return resetSocket(this.#target);
    this.#target.end();
    this.#step();
  }

  /** Cuts off as much of `parcel` as may go in one write. */
  #take(parcel: Parcel): Buffer {
    const { bytesPerSecond, splitBytes } = this.#faults;
    const portion = Math.max(1, Math.floor((bytesPerSecond * PORTION_MS) / 1_000));
    const bytes = parcel.bytes.subarray(0, Math.min(splitBytes, portion, this.#cutAt - this.forwarded));
    parcel.bytes = parcel.bytes.subarray(bytes.length);
    if (parcel.bytes.length === 0) this.#queue.shift();
    this.#queuedBytes -= bytes.length;
    this.#freeAtMs = performance.now() + (bytes.length * 1_000) / bytesPerSecond;
    return bytes;
  }

  #write(bytes: Buffer): void {
    const corrupt = this.#corruptAt - this.forwarded;
    if (corrupt >= 0 && corrupt < bytes.length) bytes[corrupt] = (bytes[corrupt] ?? 0) ^ 0xff;
    this.forwarded += bytes.length;
    this.#busy = true;
    this.#target.write(bytes, () => {
      this.#busy = false;
      setImmediate(() => this.#step());
    });
    this.#readOrPause();
    this.#step();
  }

  #discard(): void {
    this.#cancelStep();
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#readOrPause();
  }
}

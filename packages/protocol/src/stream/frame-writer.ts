// Turns chunks into frames of up to 64 KiB and hands them to a leg no faster than it takes them.
import type { Leg } from '../leg/leg.ts';
import { HIGH_WATER_BYTES } from '../wire/defaults.ts';
import { FRAME_HEADER_BYTES } from '../wire/frames.ts';
import { MAX_FRAME_PAYLOAD_BYTES } from '../wire/limits.ts';
import type { Framing } from './framing.ts';

/** For legs that copy: one array for every frame of the process spares the garbage collector 64 KiB a frame. */
let shared: Buffer | undefined;

function newFrame(frameBytes: number, reuse: boolean): Buffer {
  if (!reuse) return Buffer.allocUnsafe(frameBytes);
  shared ??= Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + MAX_FRAME_PAYLOAD_BYTES);
  return shared.subarray(0, frameBytes);
}

/** One write at a time. */
export class FrameWriter {
  /** Payload bytes handed to the leg. */
  bytesWritten = 0;
  readonly #leg: Leg;
  readonly #framing: Framing;
  #stopped = false;
  /** Calls back for the write that waits for room. */
  #waiting: ((error: Error) => void) | undefined;

  constructor(leg: Leg, framing: Framing) {
    this.#leg = leg;
    this.#framing = framing;
  }

  /** Calls `done` once every byte was copied into a frame and the leg has room for more. */
  write(chunks: readonly Uint8Array[], done: (error?: Error) => void): void {
    if (this.#leg.borrows && this.#framing.headerBytes === 0) this.#lend(chunks, done);
    else this.#send(new Cursor(chunks), done);
  }

  /** Drops what was not handed to the leg; the write that it belongs to fails with `error`. */
  stop(error: Error): void {
    this.#stopped = true;
    this.#waiting?.(error);
    this.#waiting = undefined;
  }

  /** The leg copies once there is room, so that here nothing is. */
  #lend(chunks: readonly Uint8Array[], done: (error?: Error) => void): void {
    if (this.#stopped) return;
    let left = chunks.length;
    if (left === 0) return done();
    this.#waiting = done;
    for (const chunk of chunks) {
      this.#leg.send(chunk, () => {
        this.bytesWritten += chunk.length;
        left -= 1;
        if (left > 0 || this.#stopped) return;
        this.#waiting = undefined;
        done();
      });
    }
  }

  #send(cursor: Cursor, done: (error?: Error) => void): void {
    if (this.#stopped) return;
    this.#waiting = undefined;
    while (cursor.left > 0) {
      const payloadBytes = Math.min(cursor.left, MAX_FRAME_PAYLOAD_BYTES);
      const { headerBytes } = this.#framing;
      const frame = newFrame(headerBytes + payloadBytes, this.#leg.copies);
      this.#framing.mark(frame);
      // The copy frees the caller's buffer for reuse as soon as `done` runs.
      cursor.copyTo(frame, headerBytes);
      this.bytesWritten += payloadBytes;
      if (this.#leg.bufferedBytes >= HIGH_WATER_BYTES) {
        this.#waiting = done;
        return this.#leg.send(frame, () => this.#send(cursor, done));
      }
      this.#leg.send(frame);
    }
    done();
  }
}

/** Reads through a list of chunks as if they were one. */
class Cursor {
  left: number;
  readonly #chunks: readonly Uint8Array[];
  #index = 0;
  #offset = 0;

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks;
    this.left = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  copyTo(target: Uint8Array, from: number): void {
    let at = from;
    while (at < target.length) {
      const chunk = this.#chunks[this.#index];
      if (chunk === undefined) return;
      const part = chunk.subarray(this.#offset, this.#offset + target.length - at);
      target.set(part, at);
      at += part.length;
      this.#offset += part.length;
      this.left -= part.length;
      if (this.#offset === chunk.length) this.#next();
    }
  }

  #next(): void {
    this.#index += 1;
    this.#offset = 0;
  }
}

// The frames of one message: first which and how long, then one buffer of just that size, into which each byte is copied once.
import { markSessionData, SESSION_FRAME_HEADER_BYTES } from '../../wire/session-frames.ts';
import type { Later, PlannedData, SendQueue } from './send-queue.ts';

/** Worth a header of its own, where more is waiting. */
const LEAST_PAYLOAD_BYTES = 1_024;

/** One message. */
export class MessagePlan {
  readonly #maxBytes: number;
  #bytes = 0;
  readonly #frames: (Uint8Array | PlannedData)[] = [];

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Bytes of frames so far, headers included. */
  get bytes(): number {
    return this.#bytes;
  }

  fits(frameBytes: number): boolean {
    return this.#bytes + frameBytes <= this.#maxBytes;
  }

  add(frame: Uint8Array): void {
    this.#bytes += frame.length;
    this.#frames.push(frame);
  }

  /** The next frame of `queue`, of at most `maxPayloadBytes`; undefined where the room is not worth it. */
  addData(queue: SendQueue, maxPayloadBytes: number): PlannedData | undefined {
    const roomBytes = this.#maxBytes - this.#bytes - SESSION_FRAME_HEADER_BYTES;
    if (roomBytes < Math.min(queue.queuedBytes, LEAST_PAYLOAD_BYTES)) return undefined;
    const planned = queue.plan(Math.min(maxPayloadBytes, roomBytes));
    this.#bytes += SESSION_FRAME_HEADER_BYTES + planned.bytes;
    this.#frames.push(planned);
    if (planned.eof) queue.owner.eofSent();
    return planned;
  }

  /** The message, with room before it. What then runs is appended to `later`. */
  write(reservedBytes: number, later: Later[]): Buffer {
    const message = Buffer.allocUnsafe(reservedBytes + this.#bytes);
    let at = reservedBytes;
    for (const frame of this.#frames) {
      if (frame instanceof Uint8Array) {
        message.set(frame, at);
        at += frame.length;
        continue;
      }
      const { queue, bytes, eof, blocked } = frame;
      markSessionData(message, at, queue.owner.id, bytes, eof, blocked);
      queue.copyTo(message, at + SESSION_FRAME_HEADER_BYTES, frame, later);
      at += SESSION_FRAME_HEADER_BYTES + bytes;
    }
    return message;
  }
}

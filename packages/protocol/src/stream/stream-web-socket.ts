// The WebSocket below a stream: on `raw` streams its messages can be had one by one, text too, instead of the bytes.
import type { Duplex } from 'node:stream';
import { createError } from '../errors/kinds.ts';
import type { Leg, LegMessage } from '../leg/leg.ts';
import { HIGH_WATER_BYTES } from '../wire/defaults.ts';
import { MAX_LEG_MESSAGE_BYTES } from '../wire/limits.ts';
import { RAW_PROTOCOL } from '../wire/versions.ts';

/** See `DeviceStream.webSocket`. */
export class StreamWebSocket {
  /** The stream protocol that both sides agreed on: `streams.v1` or `raw`. */
  readonly protocol: string;
  readonly #leg: Leg;
  readonly #stream: Duplex;
  readonly #queue: LegMessage[] = [];
  #queuedBytes = 0;
  #taking = false;
  #wake: (() => void) | undefined;

  /** Made by the stream. @internal */
  constructor(leg: Leg, protocol: string, stream: Duplex) {
    this.#leg = leg;
    this.protocol = protocol;
    this.#stream = stream;
  }

  /** Bytes that were sent and that the operating system has not taken yet. */
  get bufferedBytes(): number {
    return this.#leg.bufferedBytes;
  }

  /**
   * Sends one message; an array goes as binary, a string as text. Resolves once there is room for the next.
   * @throws `STREAMS_INVALID_STATE` where the stream is not `raw` or has ended, `STREAMS_TOO_LARGE` beyond 256 KiB.
   */
  async send(message: Uint8Array | string): Promise<void> {
    this.#mustBeRaw('send');
    if (this.#stream.destroyed) throw createError('INVALID_STATE', { message: 'webSocket.send: the stream has ended' });
    const bytes = Buffer.byteLength(message);
    if (bytes > MAX_LEG_MESSAGE_BYTES) {
      throw createError('TOO_LARGE', { message: `webSocket.send: a message holds at most ${MAX_LEG_MESSAGE_BYTES} bytes, found ${bytes}` });
    }
    const full = this.#leg.bufferedBytes >= HIGH_WATER_BYTES;
    // A leg may keep the array; the caller's is the caller's.
    const own = typeof message === 'string' || this.#leg.copies ? message : Buffer.from(message);
    if (!full) return this.#leg.send(own);
    await new Promise<void>((resolve) => {
      this.#stream.once('close', resolve);
      this.#leg.send(own, () => {
        this.#stream.off('close', resolve);
        resolve();
      });
    });
  }

  /**
   * The messages from now on, instead of the stream's bytes; ends with the stream. Leaving early destroys the stream.
   * @throws `STREAMS_INVALID_STATE` where the stream is not `raw`, `STREAMS_STREAM_TERMINATED` where it was cut.
   */
  async *messages(): AsyncGenerator<Uint8Array | string, undefined> {
    this.#mustBeRaw('messages');
    this.#taking = true;
    const wake = (): void => this.#wake?.();
    this.#stream.on('end', wake).on('close', wake).resume();
    try {
      for (;;) {
        const message = this.#queue.shift();
        if (message !== undefined) yield this.#taken(message);
        else if (this.#stream.errored) throw this.#stream.errored;
        else if (this.#stream.readableEnded || this.#stream.destroyed) return undefined;
        else await this.#more();
      }
    } finally {
      this.#stream.off('end', wake).off('close', wake);
      if (!this.#stream.readableEnded) this.#stream.destroy();
    }
  }

  /** A message that came; false where nobody wants messages. @internal */
  take(message: LegMessage): boolean {
    if (!this.#taking) return false;
    this.#queue.push(message);
    this.#queuedBytes += Buffer.byteLength(message);
    if (this.#queuedBytes >= HIGH_WATER_BYTES) this.#leg.pause();
    this.#wake?.();
    return true;
  }

  #taken(message: LegMessage): LegMessage {
    this.#queuedBytes -= Buffer.byteLength(message);
    if (this.#queue.length === 0) this.#leg.resume();
    return message;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #mustBeRaw(what: string): void {
    if (this.protocol === RAW_PROTOCOL) return;
    throw createError('INVALID_STATE', { message: `webSocket.${what}: this is a ${this.protocol} stream; only raw streams have messages` });
  }
}

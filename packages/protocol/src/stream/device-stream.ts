// The established stream as a Duplex: half-close, back-pressure both ways, abort, and an end that is never silently short.
import { Duplex } from 'node:stream';
import type { StreamsError } from '../errors/base.ts';
import { SessionError, StreamTerminatedError } from '../errors/kinds.ts';
import type { Leg, LegEnd, LegMessage } from '../leg/leg.ts';
import { type Clock, systemClock } from '../time/clock.ts';
import { CLOSE_ABORTED, CLOSE_CLEAN, CLOSE_PROTOCOL_ERROR, CLOSE_UNSUPPORTED, type EndedBy, endedBy } from '../wire/close-codes.ts';
import { HIGH_WATER_BYTES } from '../wire/defaults.ts';
import type { Frame } from '../wire/frames.ts';
import { STREAM_PROTOCOL } from '../wire/versions.ts';
import { closeStream } from './close-stream.ts';
import { FrameWriter } from './frame-writer.ts';
import { type Framing, framingOf } from './framing.ts';
import { afterFin, type HalfClose, hasReceivedFin } from './half-close.ts';
import { StreamWebSocket } from './stream-web-socket.ts';
import { type WebStreams, webStreamsOf } from './web-streams.ts';

/** What a stream is called. */
export interface StreamInfo {
  /** The hub's id of the stream, as it stands in the resource log. */
  readonly id: string;
  /** What the service asked for. */
  readonly name: string;
  readonly deviceId: string;
  /** What both sides agreed on. Default: `streams.v1`. */
  readonly protocol?: string | undefined;
}

/** How a stream ended. */
export interface StreamOutcome {
  readonly by: EndedBy;
  /** The words that came with an abort; empty otherwise. */
  readonly reason: string;
  /** True if both sides had finished: every byte of either arrived. */
  readonly clean: boolean;
}

/**
 * A reliable, ordered stream of bytes to the other side, through the hub: a Node `Duplex` with half-close.
 *
 * - `end()` ends this direction only. When both have ended the stream closes by itself.
 * - An end that this side did not ask for is an `error`, `STREAMS_STREAM_TERMINATED`. Without a listener it does not end the
 *   process; {@link DeviceStream.outcome} tells in any case.
 * - `destroy()` before both sides have finished, and {@link DeviceStream.abort}, end the stream at once for both.
 * - A `for await` that reaches the end leaves the writable half open, so that a reply can follow.
 * - With a foreign client that speaks `raw` alone there is no half-close: the end of either direction ends both.
 */
export class DeviceStream extends Duplex {
  /** The hub's id of the stream, as it stands in the resource log. */
  readonly id: string;
  /** What the service asked for. */
  readonly name: string;
  readonly deviceId: string;
  /** How the stream ended; never rejects. */
  readonly outcome: Promise<StreamOutcome>;
  /**
   * The WebSocket below: which stream protocol it carries, and how much it has not sent yet. On a `raw` stream its messages
   * can be sent and read one by one, text too, instead of the stream's bytes.
   */
  readonly webSocket: StreamWebSocket;
  readonly #leg: Leg;
  readonly #framing: Framing;
  readonly #clock: Clock;
  readonly #writer: FrameWriter;
  #web: WebStreams | undefined;
  #resolveOutcome!: (outcome: StreamOutcome) => void;
  #halfClose: HalfClose = 'open';
  #bytesRead = 0;
  #aborted = false;
  #abortReason = '';
  #legEnd: LegEnd | undefined;
  #onLegEnd: (() => void) | undefined;

  /** Streams are made by the SDKs. @internal */
  constructor(leg: Leg, info: StreamInfo, clock: Clock = systemClock) {
    const framing = framingOf(info.protocol ?? STREAM_PROTOCOL);
    const allowHalfOpen = framing.fin !== undefined;
    super({ allowHalfOpen, readableHighWaterMark: HIGH_WATER_BYTES, writableHighWaterMark: HIGH_WATER_BYTES });
    this.id = info.id;
    this.name = info.name;
    this.deviceId = info.deviceId;
    this.outcome = new Promise((resolve) => {
      this.#resolveOutcome = resolve;
    });
    this.#leg = leg;
    this.#framing = framing;
    this.#writer = new FrameWriter(leg, framing);
    this.webSocket = new StreamWebSocket(leg, framing.protocol, this);
    this.#clock = clock;
    leg.on('message', (message) => this.#onMessage(message));
    leg.on('close', (end) => this.#onLegClose(end));
    // A lost connection must not end the process of an application that watches `outcome` alone.
    this.on('error', () => undefined);
    // Fills the buffer at once, as a socket does, so that an end is seen where nobody reads yet.
    this.read(0);
  }

  /** Payload bytes received. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Payload bytes handed to the connection. */
  get bytesWritten(): number {
    return this.#writer.bytesWritten;
  }

  /**
   * Ends the stream at once for both sides. The other side gets `STREAMS_STREAM_TERMINATED` with the reason, of which
   * 123 bytes travel; what this side had not sent yet is dropped.
   */
  abort(reason = ''): this {
    if (!this.#aborted && !this.#legEnd) {
      this.#aborted = true;
      this.#abortReason = reason;
      // A stream that is already closing cleanly, for a peer that never answers, is cut all the same.
      if (this.destroyed) this.#leg.close(CLOSE_ABORTED, reason);
    }
    return this.destroy();
  }

  /**
   * Ends this side, discards what nobody reads, and resolves with the outcome once the other side has ended too. A stream that
   * has not ended after 5,000 ms is aborted.
   */
  close(): Promise<StreamOutcome> {
    return closeStream(this, this.#clock);
  }

  /** What `await using` does: waits for a stream whose two sides have ended; one that is left earlier ends at once, for both. */
  override async [Symbol.asyncDispose](): Promise<void> {
    if (!this.writableEnded || !this.readableEnded) this.destroy();
    await this.close();
  }

  /**
   * The stream as WHATWG streams, with back-pressure; the same pair each time. Closing the writable is `end()`. Cancelling the
   * readable and aborting the writable is `abort()`, with the reason if that is a text. Read one way only: here or there.
   */
  web(): WebStreams {
    this.#web ??= webStreamsOf(this);
    return this.#web;
  }

  /** Iterates over what is received. At the natural end the writable half stays open; leaving early destroys the stream. */
  override async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, undefined> {
    let ended = false;
    try {
      yield* this.iterator({ destroyOnReturn: false });
      ended = true;
      return undefined;
    } finally {
      if (!ended) this.destroy();
    }
  }

  override _read(): void {
    this.#leg.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    // Later in this turn: what is written meanwhile goes out in one message.
    this.#writer.write([chunk], (error) => queueMicrotask(() => callback(error)));
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#writer.write(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: (error?: Error | null) => void): void {
    const fin = this.#framing.fin?.();
    if (fin === undefined) return this.#endBoth(callback);
    this.#leg.send(fin, () => {
      this.#halfClose = afterFin(this.#halfClose, 'sent');
      callback();
    });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const clean = error === null && this.#halfClose === 'both';
    this.#writer.stop(error ?? this.#termination('local', CLOSE_ABORTED, this.#abortReason));
    this.#whenLegEnded(() => {
      const failure = clean && !this.#aborted ? this.#terminationOf(this.#legEnd) : error;
      this.#settle(failure, clean && !this.#aborted);
      callback(failure);
    });
    if (clean) this.#leg.close(CLOSE_CLEAN);
    else this.#leg.close(CLOSE_ABORTED, this.#abortReason);
  }

  #onMessage(message: LegMessage): void {
    if (this.destroyed || this.webSocket.take(message)) return;
    let frame: Frame;
    try {
      frame = this.#framing.decode(message);
    } catch (cause) {
      // All that is wrong on a `raw` stream is text.
      const code = this.#framing.fin ? CLOSE_PROTOCOL_ERROR : CLOSE_UNSUPPORTED;
      this.#leg.close(code);
      this.destroy(this.#termination('peer', code, (cause as Error).message));
      return;
    }
    if (frame.type === 'data') this.#onData(frame.payload);
    else this.#onFin();
  }

  #onData(payload: Uint8Array): void {
    if (hasReceivedFin(this.#halfClose) || payload.length === 0) return;
    this.#bytesRead += payload.length;
    if (!this.push(payload)) this.#leg.pause();
  }

  #onFin(): void {
    if (hasReceivedFin(this.#halfClose)) return;
    this.#halfClose = afterFin(this.#halfClose, 'received');
    this.push(null);
    // Lets `end` be seen where nobody reads because there is nothing to read.
    this.read(0);
    // The close of the leg stands behind the FIN and must be seen.
    this.#leg.resume();
  }

  #onLegClose(end: LegEnd): void {
    this.#legEnd = end;
    if (this.#onLegEnd) return this.#onLegEnd();
    const termination = this.#terminationOf(end);
    if (termination) this.destroy(termination);
    else this.#onFin();
  }

  /** Where no message ends one direction, our end is that of the connection. */
  #endBoth(callback: (error?: Error | null) => void): void {
    this.#leg.close(CLOSE_CLEAN);
    this.#whenLegEnded(() => {
      const termination = this.#terminationOf(this.#legEnd);
      if (termination) return callback(termination);
      this.#onFin();
      this.#halfClose = 'both';
      callback();
    });
  }

  #whenLegEnded(action: () => void): void {
    if (this.#legEnd) action();
    else this.#onLegEnd = action;
  }

  /** The error that the end of the leg is, unless both sides had finished. */
  #terminationOf(end: LegEnd | undefined): StreamsError | null {
    if (end === undefined) return null;
    // What we still had to say is lost where the peer closes.
    if (this.#framing.isClean(end, this.#halfClose) && (this.#halfClose === 'both' || this.writableLength === 0)) return null;
    if (end.error) return end.error;
    return this.#termination(endedBy(end.code), end.code, end.code === CLOSE_ABORTED ? end.reason : '');
  }

  #termination(by: EndedBy, closeCode: number, reason: string): StreamTerminatedError {
    return new StreamTerminatedError({ by, closeCode, reason, bytesRead: this.bytesRead, bytesWritten: this.bytesWritten });
  }

  #settle(failure: Error | null, clean: boolean): void {
    if (failure instanceof StreamTerminatedError) this.#resolveOutcome({ by: failure.by, reason: failure.reason, clean: false });
    else if (failure instanceof SessionError) this.#resolveOutcome({ by: 'network', reason: '', clean: false });
    else this.#resolveOutcome({ by: 'local', reason: this.#abortReason, clean });
  }
}

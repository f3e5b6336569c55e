// A `raw` stream as somebody writes it who knows WebSockets and nothing of ours: messages are bytes, a close is the end.
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { cut, type Outcome, StreamTerminatedError } from './ends.ts';

type Done = (error?: Error | null) => void;

/** One side of a stream. It shows no life by itself and answers pings as ws does. */
export class RawStream extends Duplex {
  bytesRead = 0;
  bytesWritten = 0;
  readonly outcome: Promise<Outcome>;
  readonly #ws: WebSocket;
  #settle!: (outcome: Outcome) => void;
  #closed: { code: number; reason: string } | undefined;
  #abortReason = '';
  #whenClosed: (() => void) | undefined;

  constructor(ws: WebSocket) {
    super({ allowHalfOpen: false, readableHighWaterMark: 262_144, writableHighWaterMark: 262_144 });
    this.#ws = ws;
    this.outcome = new Promise((resolve) => (this.#settle = resolve));
    this.on('error', () => undefined);
    ws.on('error', () => undefined);
    ws.on('message', (data: Buffer) => {
      this.bytesRead += data.length;
      if (!this.push(data)) ws.pause();
    });
    ws.once('close', (code, reason) => this.#onClose(code, reason.toString()));
    this.read(0);
  }

  abort(reason = ''): void {
    this.#abortReason = reason;
    this.destroy();
  }

  kill(): void {
    this.#ws.terminate();
  }

  /** Answers nothing any more. */
  deaf(): void {
    this.#ws.pause();
  }

  override _read(): void {
    this.#ws.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send(chunk, done);
  }

  #send(rest: Buffer, done: Done): void {
    const part = rest.subarray(0, 65_536);
    this.bytesWritten += part.length;
    this.#ws.send(part, (error) => {
      // The close that follows tells why.
      if (error) this.#afterClose(() => done(this.#failure() ?? error));
      else if (part.length === rest.length) done();
      else this.#send(rest.subarray(65_536), done);
    });
  }

  override _final(done: Done): void {
    // Without a code, as most people close.
    this.#ws.close();
    this.#ws.resume();
    this.#afterClose(() => done(this.#failure()));
  }

  #onClose(code: number, reason: string): void {
    this.#closed = { code, reason };
    const failure = this.#failure();
    if (failure) this.destroy(failure);
    else this.push(null);
    this.#whenClosed?.();
  }

  #failure(): StreamTerminatedError | null {
    const { code, reason } = this.#closed ?? { code: 1006, reason: '' };
    return code === 1000 || code === 1005 ? null : new StreamTerminatedError(code, reason);
  }

  #afterClose(action: () => void): void {
    if (this.#closed) action();
    else this.#whenClosed = action;
  }

  override _destroy(error: Error | null, done: Done): void {
    const clean = error === null && this.readableEnded && this.writableFinished;
    if (!this.#closed) {
      this.#ws.close(4400, cut(this.#abortReason));
      this.#ws.resume();
      setTimeout(() => this.#ws.terminate(), 1_000);
    }
    this.#afterClose(() => {
      if (error instanceof StreamTerminatedError) this.#settle({ by: error.by, reason: error.reason, clean: false });
      else this.#settle({ by: 'local', reason: this.#abortReason, clean });
      done(error);
    });
  }
}

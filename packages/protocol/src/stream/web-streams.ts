// A stream as a pair of WHATWG streams. By hand: with Node's `Duplex.toWeb` closing the writable waits for the readable's end,
// an abort waits for the write that is stuck, and reasons become `error` events.
import { finished } from 'node:stream';
import { ReadableStream, type ReadableByteStreamController, WritableStream, type WritableStreamDefaultController } from 'node:stream/web';
import { createError, StreamTerminatedError } from '../errors/kinds.ts';
import { CLOSE_ABORTED } from '../wire/close-codes.ts';
import type { DeviceStream } from './device-stream.ts';

/** Both directions of a stream, as the web has them. */
export interface WebStreams {
  /** A byte stream: `getReader({ mode: 'byob' })` works, and every chunk owns its memory. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Takes `ArrayBuffer` and every view of one. */
  readonly writable: WritableStream<ArrayBuffer | ArrayBufferView>;
}

export function webStreamsOf(stream: DeviceStream): WebStreams {
  // It holds nothing itself: what waits, waits in the Duplex, and so back-pressure is the Duplex's.
  const readable = new ReadableStream(new Source(stream), { highWaterMark: 0 }) as ReadableStream<Uint8Array>;
  return { readable, writable: writableOf(stream) };
}

class Source {
  readonly type = 'bytes';
  readonly #stream: DeviceStream;
  #controller!: ReadableByteStreamController;
  #open = true;
  /** Ends the pull that waits. */
  #wanted: (() => void) | undefined;

  constructor(stream: DeviceStream) {
    this.#stream = stream;
  }

  start(controller: ReadableByteStreamController): void {
    const stream = this.#stream;
    this.#controller = controller;
    stream.on('readable', () => this.#deliver());
    if (stream.readableEnded) this.#close(() => controller.close());
    stream.once('end', () => this.#close(() => this.#end()));
    void stream.outcome.then(() => this.#close(() => controller.error(failureOf(stream))));
  }

  pull(): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = resolve;
      this.#deliver();
    });
  }

  cancel(reason: unknown): void {
    this.#close(() => void this.#stream.abort(textOf(reason)));
  }

  #deliver(): void {
    if (!this.#open || !this.#wanted) return;
    const chunk = this.#stream.read() as Buffer | null;
    if (chunk === null) return;
    // A copy: enqueuing takes the whole ArrayBuffer away, and that of a chunk can be shared.
    this.#controller.enqueue(new Uint8Array(chunk));
    this.#wanted();
    this.#wanted = undefined;
  }

  #end(): void {
    this.#controller.close();
    // A reader that has lent its memory gets it back.
    this.#controller.byobRequest?.respond(0);
  }

  #close(action: () => void): void {
    if (!this.#open) return;
    this.#open = false;
    action();
    this.#wanted?.();
  }
}

function writableOf(stream: DeviceStream): WritableStream<ArrayBuffer | ArrayBufferView> {
  const sink = {
    start(controller: WritableStreamDefaultController) {
      const { signal } = controller as WritableStreamDefaultController & { readonly signal: AbortSignal };
      // Not in `abort`: that waits for the write under way, which may be stuck.
      signal.addEventListener('abort', () => void stream.abort(textOf(signal.reason)), { once: true });
      void stream.outcome.then(() => {
        if (!stream.writableFinished) controller.error(failureOf(stream));
      });
    },
    async write(chunk: unknown) {
      const bytes = bytesOf(chunk);
      if (bytes === undefined) {
        stream.destroy();
        throw createError('INVALID_ARGUMENT', { message: 'write: expected bytes: an ArrayBuffer or a view of one' });
      }
      await settled((done) => void stream.write(bytes, done));
    },
    async close() {
      await settled((done) => {
        finished(stream, { readable: false }, (error) => done(error && failureOf(stream)));
        stream.end();
      });
    },
  };
  const size = (chunk: unknown): number => bytesOf(chunk)?.byteLength ?? 1;
  const writable = new WritableStream<ArrayBuffer | ArrayBufferView>(sink, { highWaterMark: stream.writableHighWaterMark, size });
  if (stream.writableEnded) void writable.close().catch(() => undefined);
  return writable;
}

function settled(act: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => act((error) => (error ? reject(error) : resolve())));
}

function bytesOf(chunk: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return chunk instanceof ArrayBuffer ? new Uint8Array(chunk) : undefined;
}

/** A text is meant for the other side. An error is not: pipes hand on whatever failed here, and its words stay here. */
function textOf(reason: unknown): string {
  return typeof reason === 'string' ? reason : '';
}

/** What a stream that is over says to who still wants something of it. */
function failureOf(stream: DeviceStream): Error {
  const { bytesRead, bytesWritten } = stream;
  return stream.errored ?? new StreamTerminatedError({ by: 'local', closeCode: CLOSE_ABORTED, reason: '', bytesRead, bytesWritten });
}

// Joins a TCP socket and a stream: both directions, half-close, resets as aborts and back, back-pressure, and one end for both.
import type { Socket } from 'node:net';
import type { EndedBy } from '../wire/close-codes.ts';
import type { DeviceStream } from './device-stream.ts';

/** The reason of an abort that stands for a TCP reset. */
export const RESET_REASON = 'connection reset';

/** How both proxies make their sockets: each direction ends alone, nothing waits for more, 64 KiB a read, the dead are noticed. */
export const SPLICE_SOCKET: {
  readonly allowHalfOpen: true;
  readonly noDelay: true;
  readonly keepAlive: true;
  readonly keepAliveInitialDelay: number;
  readonly highWaterMark: number;
} = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000, highWaterMark: 65_536 };

/** How a splice ended. */
export interface SpliceEnd {
  /** True if both directions had finished. */
  readonly clean: boolean;
  /** Why it was not clean; empty otherwise. */
  readonly reason: string;
}

/** What can be set. */
export interface SpliceOptions {
  /** The splice is cut rather than carry more bytes than this, both directions together. Default: without limit. */
  readonly maxBytes?: number | undefined;
}

/** A socket joined to something, whatever that is. */
export interface Joint {
  /** Resolves once both are gone; never rejects. */
  readonly ended: Promise<SpliceEnd>;
  /** Bytes to the socket. */
  readonly bytesRead: number;
  /** Bytes from the socket. */
  readonly bytesWritten: number;
  /** Ends both at once; the socket is reset. */
  cut(reason: string): void;
}

/**
 * One socket and one stream, joined from the constructor on. The socket must be made with `allowHalfOpen` and must not have been
 * asked for its remote address: see {@link wasReset}.
 */
export class Splice implements Joint {
  /** Resolves once the socket and the stream are both gone; never rejects. */
  readonly ended: Promise<SpliceEnd>;
  readonly #socket: Socket;
  readonly #stream: DeviceStream;
  readonly #maxBytes: number;
  #bytes = 0;
  /** Why this side cut it. */
  #cause: string | undefined;

  constructor(socket: Socket, stream: DeviceStream, { maxBytes = Infinity }: SpliceOptions = {}) {
    this.#socket = socket;
    this.#stream = stream;
    this.#maxBytes = maxBytes;
    this.ended = this.#end();
    this.#watchSocket();
    this.#watchStream();
    if (socket.destroyed) this.cut(socket.errored ? socketErrorReason(socket.errored) : RESET_REASON);
    else if (stream.destroyed) this.#onStreamClosed();
    else this.#join();
  }

  /** Bytes from the stream to the socket. */
  get bytesRead(): number {
    return this.#stream.bytesRead;
  }

  /** Bytes from the socket to the stream. */
  get bytesWritten(): number {
    return this.#stream.bytesWritten;
  }

  /** Ends both at once: the stream is aborted with the reason, the socket is reset. */
  cut(reason: string): void {
    // What comes later is a consequence.
    this.#cause ??= reason;
    this.#stream.abort(reason);
    resetSocket(this.#socket);
  }

  #watchSocket(): void {
    const socket = this.#socket;
    socket.on('error', (error) => this.cut(socketErrorReason(error)));
    socket.on('end', () => {
      if (wasReset(socket)) this.cut(RESET_REASON);
      else this.#stream.end();
    });
    socket.on('close', () => {
      const rawEnded = !this.#stream.allowHalfOpen && this.#stream.readableEnded;
      if (!rawEnded && !(socket.readableEnded && socket.writableFinished)) this.cut(RESET_REASON);
    });
  }

  #watchStream(): void {
    const stream = this.#stream;
    stream.on('end', () => {
      // A raw stream has ended both ways, and nobody would take what the socket still says.
      if (stream.allowHalfOpen) this.#socket.end();
      else this.#socket.destroySoon();
    });
    stream.on('close', () => this.#onStreamClosed());
  }

  /** After a clean end the socket has still to send what waits in it. */
  #onStreamClosed(): void {
    const { readableEnded, writableFinished, errored } = this.#stream;
    if (errored || !readableEnded || !writableFinished) resetSocket(this.#socket);
  }

  #join(): void {
    // Before the pipes, so that what goes beyond the limit is not passed on.
    for (const side of [this.#socket, this.#stream]) side.on('data', (chunk: Buffer) => this.#count(chunk.length));
    this.#socket.pipe(this.#stream, { end: false });
    this.#stream.pipe(this.#socket, { end: false });
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) this.cut(`more than ${this.#maxBytes} bytes`);
  }

  async #end(): Promise<SpliceEnd> {
    const closed = new Promise<void>((resolve) => {
      if (this.#socket.closed) resolve();
      else this.#socket.once('close', () => resolve());
    });
    const [{ by, reason, clean }] = await Promise.all([this.#stream.outcome, closed]);
    if (!clean) return { clean, reason: reason || (by === 'local' ? (this.#cause ?? RESET_REASON) : REASONS[by]) };
    // The stream was over when the socket was cut, with bytes that it had not taken.
    return this.#cause === undefined ? { clean, reason: '' } : { clean: false, reason: this.#cause };
  }
}

/** Why a stream has ended of which nobody has said it. */
const REASONS: Readonly<Record<Exclude<EndedBy, 'local'>, string>> = {
  peer: 'the other side is gone',
  hub: 'the hub has ended it',
  network: 'the connection to the hub was lost',
};

/**
 * True if an `end` of the socket was in truth a reset. Node shows `end`, and no error, for a reset that arrives together with unread
 * data; but then the socket has no peer any more, which an end alone does not do. Node remembers the address, so nobody may have
 * asked before. Once our own FIN is sent both look alike.
 */
export function wasReset(socket: Socket): boolean {
  return !socket.writableEnded && !socket.destroyed && socket.remoteAddress === undefined;
}

/** Ends a socket with RST; harmless if it is gone. */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  const { writableEnded, writableFinished, writableLength } = socket;
  // libuv refuses to reset a socket whose FIN is just going out, and Node then never closes it.
  if (writableEnded && !writableFinished && writableLength === 0) socket.once('finish', () => resetSocket(socket));
  else socket.resetAndDestroy();
}

/** What an error of a socket is called. */
export function socketErrorReason(error: NodeJS.ErrnoException): string {
  const { code = 'unknown error' } = error;
  return code === 'ECONNRESET' || code === 'EPIPE' ? RESET_REASON : `connection lost (${code})`;
}

// Joins a TCP socket and a channel without a stream between them, so that thousands cost little: both directions, half-close, resets
// as resets, back-pressure, and one end for both.
import type { Socket } from 'node:net';
import { deferred, type Deferred } from '../../async/deferred.ts';
import {
  type Joint,
  RESET_REASON,
  resetSocket,
  socketErrorReason,
  type SpliceEnd,
  type SpliceOptions,
  wasReset,
} from '../../stream/splice.ts';
import type { Channel, ChannelHandler, ChannelReset } from '../channels/channel.ts';

/** See the file's head. The socket must be as `Splice` wants it. */
export class ChannelSplice implements ChannelHandler, Joint {
  /** Resolves once the socket and the channel are both over; never rejects. */
  readonly ended: Promise<SpliceEnd>;
  /** Bytes from the channel to the socket. */
  bytesRead = 0;
  /** Bytes from the socket to the channel. */
  bytesWritten = 0;
  readonly #socket: Socket;
  readonly #channel: Channel;
  readonly #maxBytes: number;
  readonly #settled: Deferred<SpliceEnd> = deferred();
  readonly #onAccepted: () => void;
  /** Why it was cut; by the first who did. */
  #cause: string | undefined;
  #isChannelOver = false;

  /** @param join Opens or accepts the channel with this splice as its handler. What it throws resets the socket. */
  constructor(
    socket: Socket,
    join: (handler: ChannelHandler) => Channel,
    { maxBytes = Infinity, onAccepted = () => undefined }: ChannelSpliceOptions = {},
  ) {
    this.ended = this.#settled.promise;
    this.#socket = socket;
    this.#maxBytes = maxBytes;
    this.#onAccepted = onAccepted;
    this.#channel = join(this);
    socket.on('data', (chunk: Buffer) => this.#onSocketData(chunk));
    socket.on('drain', () => this.#channel.resume());
    socket.on('end', () => this.#onSocketEnd());
    socket.on('error', (error) => this.cut(socketErrorReason(error)));
    socket.once('close', () => this.#onSocketClose());
    if (socket.destroyed) this.cut(socket.errored ? socketErrorReason(socket.errored) : RESET_REASON);
    else this.#channel.resume();
  }

  /** Ends both at once: each side sees a reset. */
  cut(reason: string): void {
    this.#cause ??= reason;
    this.#channel.reset('ABORTED', reason);
    this.#end();
  }

  onAccepted(): void {
    this.#onAccepted();
  }

  onData(chunk: Uint8Array): void {
    if (this.#isOver(chunk)) return;
    this.bytesRead += chunk.length;
    if (!this.#socket.write(chunk)) this.#channel.pause();
  }

  onEnd(): void {
    this.#socket.end();
  }

  onDrain(): void {
    this.#socket.resume();
  }

  onReset({ reason, code }: ChannelReset): void {
    this.#cause ??= reason || code.toLowerCase().replaceAll('_', ' ');
    this.#end();
  }

  onClosed(): void {
    this.#isChannelOver = true;
    this.#settleIfOver();
  }

  #onSocketData(chunk: Buffer): void {
    if (this.#isOver(chunk)) return;
    this.bytesWritten += chunk.length;
    if (!this.#channel.write(chunk)) this.#socket.pause();
  }

  #onSocketEnd(): void {
    if (wasReset(this.#socket)) this.cut(RESET_REASON);
    else this.#channel.end();
  }

  #onSocketClose(): void {
    const { readableEnded, writableFinished } = this.#socket;
    if (!readableEnded || !writableFinished) this.cut(RESET_REASON);
    this.#settleIfOver();
  }

  /** True, and the splice is cut, where it may not carry so much more. */
  #isOver({ length }: Uint8Array): boolean {
    if (this.bytesRead + this.bytesWritten + length <= this.#maxBytes) return false;
    this.cut(`more than ${this.#maxBytes} bytes`);
    return true;
  }

  #end(): void {
    resetSocket(this.#socket);
    this.#settleIfOver();
  }

  #settleIfOver(): void {
    if (!this.#isChannelOver || !this.#socket.closed) return;
    this.#settled.resolve(this.#cause === undefined ? { clean: true, reason: '' } : { clean: false, reason: this.#cause });
  }
}

/** What can be set. */
export interface ChannelSpliceOptions extends SpliceOptions {
  /** The other side has accepted a channel that we opened. */
  readonly onAccepted?: (() => void) | undefined;
}

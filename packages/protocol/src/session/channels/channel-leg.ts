// A channel shown as a leg, so that a stream runs over it as over a WebSocket. Messages are bytes as they are, and text is a FIN.
import { EventEmitter } from 'eventemitter3';
import { type Deferred, deferred } from '../../async/deferred.ts';
import { ChannelResetError } from '../../errors/kinds.ts';
import type { Leg, LegEnd, LegEvents, LegMessage } from '../../leg/leg.ts';
import { CHANNEL_FIN } from '../../stream/framing.ts';
import { CLOSE_ABORTED, CLOSE_CLEAN, CLOSE_LOST, CLOSE_PEER_LOST, MAX_CLOSE_REASON_BYTES } from '../../wire/close-codes.ts';
import { cutUtf8 } from '../../wire/encode.ts';
import type { Channel, ChannelHandler, ChannelReset } from './channel.ts';

/** What can be set. */
export interface ChannelLegOptions {
  /**
   * Both directions have ended on our side, and the peer may not have everything yet. `settle` is to be called once that is known,
   * or that it will never be. Default: at once, which is as much as TCP promises.
   */
  readonly beforeCleanClose?: ((settle: (end: LegEnd) => void) => void) | undefined;
}

/** See {@link Leg}. */
export class ChannelLeg extends EventEmitter<LegEvents> implements Leg, ChannelHandler {
  /** The peer's metadata, once it has accepted a channel that we opened; rejects with a `ChannelResetError` where it does not. */
  readonly accepted: Promise<Uint8Array>;
  /** An array is copied when its message is composed, just before `flushed` runs. */
  readonly copies = false;
  readonly borrows = true;
  readonly channel: Channel;
  readonly #options: ChannelLegOptions;
  readonly #answer: Deferred<Uint8Array> = deferred();
  #isClosing = false;
  #hasEnded = false;

  /** @param join Opens or accepts the channel with this leg as its handler. */
  constructor(join: (handler: ChannelHandler) => Channel, options: ChannelLegOptions = {}) {
    super();
    this.accepted = this.#answer.promise;
    // A stream that nobody asks whether it was accepted tells of its end by itself.
    this.accepted.catch(() => undefined);
    this.#options = options;
    this.channel = join(this);
  }

  get bufferedBytes(): number {
    return this.channel.queuedBytes;
  }

  send(message: LegMessage, flushed?: () => void): void {
    if (this.#isClosing || this.#hasEnded) return;
    const done = flushed && ((): void => void (this.#hasEnded || flushed()));
    if (typeof message === 'string') this.channel.end(done);
    else this.channel.write(message, done);
  }

  pause(): void {
    if (!this.#isClosing) this.channel.pause();
  }

  resume(): void {
    this.channel.resume();
  }

  close(code: number, reason = ''): void {
    const said = cutUtf8(reason, MAX_CLOSE_REASON_BYTES);
    // A clean end that is not over yet is cut by a second close.
    if (this.#isClosing && code === CLOSE_CLEAN) return;
    this.#isClosing = true;
    if (code === CLOSE_CLEAN && this.channel.isClosed) return this.#closeCleanly();
    this.channel.reset('ABORTED', code === CLOSE_ABORTED ? said : '');
    this.#finish({ code, reason: said, violation: false });
  }

  requireLife(): void {
    // Whether the peer lives is the link's to know.
  }

  terminate(): void {
    this.channel.reset('ABORTED');
    this.#finish({ code: CLOSE_LOST, reason: '', violation: false });
  }

  onAccepted(metadata: Uint8Array): void {
    this.#answer.resolve(metadata);
  }

  onData(chunk: Uint8Array): void {
    this.emit('message', chunk);
  }

  onEnd(): void {
    this.emit('message', CHANNEL_FIN);
  }

  onReset(reset: ChannelReset): void {
    this.#answer.reject(new ChannelResetError(reset.code, reset.reason));
    const lost = reset.code === 'SESSION_LOST';
    this.#finish({ code: lost ? (reset.closeCode ?? CLOSE_PEER_LOST) : CLOSE_ABORTED, reason: wordsOf(reset), violation: false });
  }

  #closeCleanly(): void {
    const { beforeCleanClose } = this.#options;
    if (beforeCleanClose) beforeCleanClose((end) => this.#finish(end));
    else this.#finish({ code: CLOSE_CLEAN, reason: '', violation: false });
  }

  /** Later, as all connections end. */
  #finish(end: LegEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#isClosing = true;
    queueMicrotask(() => {
      this.emit('close', end);
      this.removeAllListeners();
    });
  }
}

/** A stream shows one reason: the peer's words, or what its code means. */
function wordsOf({ code, reason }: ChannelReset): string {
  if (reason !== '' || code === 'ABORTED' || code === 'OK') return reason;
  return code.toLowerCase().replaceAll('_', ' ');
}

// One channel of a session: bytes both ways, each direction with its own end, and a reset for both. Callbacks and no Duplex, so that
// thousands cost little.
import { createError } from '../../errors/kinds.ts';
import { MAX_CHANNEL_METADATA_BYTES } from '../../wire/channel-limits.ts';
import type { ResetCode, SentResetCode } from '../../wire/reset-codes.ts';
import { encodeSessionFrame } from '../../wire/session-frames.ts';
import { SessionFailure } from '../seam.ts';
import type { GrowthBudget } from './growth-budget.ts';
import { Inbox } from './inbox.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { Scheduler } from './scheduler.ts';
import { type Later, SendQueue } from './send-queue.ts';
import { canReceive, canSend, type ChannelState, isResetting, transition } from './state.ts';
import { throwLater } from './throw-later.ts';

/** How a channel was ended by something else than its user. */
export interface ChannelReset {
  readonly code: ResetCode;
  /** The other side's words; empty where it gave none. */
  readonly reason: string;
  /** Of `SESSION_LOST`: the close code under which a stream on this channel ends. */
  readonly closeCode?: number | undefined;
}

/** What a channel calls. Nothing comes before `open` or `accept` has returned; after `onClosed` nothing comes. */
export interface ChannelHandler {
  /** The other side has accepted a channel that we opened. */
  onAccepted?(metadata: Uint8Array): void;
  /** Bytes, which count as consumed; not while the channel is paused. The array is the handler's. */
  onData(chunk: Uint8Array): void;
  /** The other side has ended its direction, and every byte was handed over. */
  onEnd(): void;
  /** There is room again after a `write` that gave false. */
  onDrain?(): void;
  /** The other side, or the loss of the session, has ended both directions; what was unsent or unread is dropped. */
  onReset(reset: ChannelReset): void;
  /** Both directions have ended and all was handed over, or the channel was reset by either side. */
  onClosed?(): void;
}

/** Where a channel comes from: `refused` is one beyond a limit, which only waits for the peer's RESET. */
export type ChannelOrigin = 'own' | 'peer' | 'refused' | 'implicit';

/** What a channel needs of its session. */
export interface ChannelHome {
  readonly scheduler: Scheduler;
  readonly growth: GrowthBudget;
  /** The channel's id is free. */
  forget(channel: Channel): void;
}

/** See the file's head. Starts paused: call {@link Channel.resume}. */
export class Channel {
  readonly id: number;
  readonly origin: ChannelOrigin;
  readonly #home: ChannelHome;
  readonly #sends: SendQueue;
  readonly #inbox: Inbox;
  #handler: ChannelHandler | undefined;
  #state: ChannelState = 'open';
  #isAccepted: boolean;
  #isClosed = false;
  /** By either side. */
  #isReset = false;

  /** Made by `Channels`. @internal */
  constructor(home: ChannelHome, id: number, origin: ChannelOrigin, creditBytes: number, windowBytes: number) {
    this.#home = home;
    this.id = id;
    this.origin = origin;
    this.#isAccepted = origin === 'implicit';
    this.#sends = new SendQueue(this, creditBytes);
    this.#inbox = new Inbox(this, new ReceiveWindow(id, windowBytes, home.growth));
  }

  /** True once both sides agree that there is a channel. */
  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  /** True once the channel is over for its user. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Bytes that were written and have no place in a message yet. */
  get queuedBytes(): number {
    return this.#sends.queuedBytes;
  }

  /** Bytes that the peer may have under way to us, as far as it is up to us. */
  get windowBytes(): number {
    return this.#inbox.window.windowBytes;
  }

  /**
   * Sends bytes, in order. The array must stay as it is until `taken` runs, once its bytes were copied into a message; never if the
   * channel is reset before. Written all the same, but false: wait for `onDrain`. After a reset it does nothing.
   * @throws `STREAMS_INVALID_STATE` after {@link end}
   */
  write(bytes: Uint8Array, taken?: () => void): boolean {
    if (this.#isReset) return true;
    if (this.#sends.hasEnd) throw createError('INVALID_STATE', { message: 'channel.write: after its end' });
    const hasRoom = this.#sends.write(bytes, taken);
    this.#wakeIfReady();
    return hasRoom;
  }

  /** Ends this direction, behind what was written. `sent` runs once that is in a message; never if the channel is reset before. */
  end(sent?: () => void): void {
    if (this.#isClosed || this.#sends.hasEnd) return;
    this.#sends.end(sent);
    this.#wakeIfReady();
  }

  /** Ends both directions at once: what is unsent or unread is dropped, the other side gets code and reason. Harmless when late. */
  reset(code: SentResetCode = 'ABORTED', reason = ''): void {
    if (this.#isClosed) return;
    this.#drop();
    if (this.#move('reset-sent')) this.#home.scheduler.control(encodeSessionFrame({ type: 'reset', channel: this.id, code, reason }));
    this.#close();
  }

  /** What comes is kept, and no more is granted than the window. */
  pause(): void {
    this.#inbox.pause();
  }

  /** Hands over what was kept, then what comes. */
  resume(): void {
    this.#inbox.resume();
    this.#grantIfDue();
  }

  /** @internal */
  handle(handler: ChannelHandler): void {
    this.#handler = handler;
  }

  /** Our answer to the peer's OPEN. @internal */
  accept(metadata: Uint8Array): void {
    this.#isAccepted = true;
    this.#home.scheduler.control(encodeSessionFrame({ type: 'accept', channel: this.id, metadata: checkedMetadata(metadata) }));
  }

  /** A DATA frame. @internal */
  receive(bytes: Uint8Array, eof: boolean, blocked: boolean): void {
    if (this.origin === 'own' && !this.#isAccepted) throw this.#violation('DATA before ACCEPT');
    if (isResetting(this.#state)) {
      this.#inbox.discard(bytes);
      if (eof) this.#endReceived();
      return;
    }
    if (!canReceive(this.#state)) throw this.#violation('DATA after EOF');
    if (eof) this.#endReceived();
    this.#inbox.receive(bytes, eof);
    if (blocked && canReceive(this.#state)) this.#inbox.window.blocked();
    this.#grantIfDue();
  }

  /** An ACCEPT frame. @internal */
  receiveAccept(metadata: Uint8Array): void {
    if (this.origin !== 'own' || this.#isAccepted) throw this.#violation('ACCEPT, unasked');
    this.#isAccepted = true;
    if (!this.#isClosed) throwLater(() => this.#handler?.onAccepted?.(Buffer.from(metadata)));
  }

  /** A CREDIT frame, or what a HELLO grants beyond the least. @internal */
  receiveCredit(bytes: number): void {
    if (!canSend(this.#state)) return;
    this.#sends.credit(bytes);
    this.#wakeIfReady();
  }

  /** A RESET frame. @internal */
  receiveReset(code: ResetCode, reason: string): void {
    const isAnswer = isResetting(this.#state);
    if (!isAnswer && code === 'OK') throw this.#violation('RESET(OK), which answers nothing');
    this.#move('reset-received');
    // Before the id is free: a new channel's OPEN must stand behind it.
    if (!isAnswer) this.#home.scheduler.control(encodeSessionFrame({ type: 'reset', channel: this.id, code: 'OK', reason: '' }));
    this.#home.forget(this);
    this.#end({ code, reason });
  }

  /** The session is over. @internal */
  lose(closeCode: number, reason: string): void {
    this.#state = 'gone';
    this.#end({ code: 'SESSION_LOST', reason, closeCode });
  }

  /** @internal */
  eofSent(): void {
    if (this.#move('eof-sent') && this.#state === 'gone') this.#home.forget(this);
    this.#closeIfDone();
  }

  /** @internal */
  drained(): void {
    if (!this.#isClosed) this.#handler?.onDrain?.();
  }

  /** @internal */
  handOver(chunk: Uint8Array): void {
    throwLater(() => this.#handler?.onData(chunk));
  }

  /** @internal */
  handOverEnd(): void {
    this.#inbox.window.release();
    this.#closeIfDone();
    throwLater(() => this.#handler?.onEnd());
  }

  /** True if the state has changed. */
  #move(event: Parameters<typeof transition>[1]): boolean {
    const before = this.#state;
    this.#state = transition(before, event);
    return this.#state !== before;
  }

  #endReceived(): void {
    this.#home.scheduler.dropCredit(this.#inbox.window);
    if (this.#move('eof-received') && this.#state === 'gone') this.#home.forget(this);
  }

  #wakeIfReady(): void {
    if (this.#sends.isReady) this.#home.scheduler.ready(this.#sends);
  }

  #grantIfDue(): void {
    if (canReceive(this.#state) && this.#inbox.window.isDue) this.#home.scheduler.creditDue(this.#inbox.window);
  }

  /** Something else than the user has ended the channel. */
  #end(reset: ChannelReset): void {
    if (this.#isClosed) return;
    this.#drop();
    this.#close();
    throwLater(() => this.#handler?.onReset(reset));
  }

  #drop(): void {
    this.#isReset = true;
    this.#sends.clear();
    this.#inbox.clear();
    this.#home.scheduler.drop(this.#sends, this.#inbox.window);
    this.#inbox.window.release();
  }

  #closeIfDone(): void {
    if (this.#state === 'gone' && this.#inbox.hasTold) this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const later: Later = () => this.#handler?.onClosed?.();
    queueMicrotask(later);
  }

  #violation(what: string): SessionFailure {
    return new SessionFailure('PROTOCOL', `channel ${this.id}: ${what}`);
  }
}

/** @throws `STREAMS_TOO_LARGE` */
export function checkedMetadata(metadata: Uint8Array): Uint8Array {
  if (metadata.length <= MAX_CHANNEL_METADATA_BYTES) return metadata;
  throw createError('TOO_LARGE', {
    message: `a channel's metadata has at most ${MAX_CHANNEL_METADATA_BYTES} bytes, found ${metadata.length}`,
  });
}

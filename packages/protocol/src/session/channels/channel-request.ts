// A channel that the peer has opened and that the application has not answered yet.
import { ChannelResetError, createError } from '../../errors/kinds.ts';
import type { SentResetCode } from '../../wire/reset-codes.ts';
import { type Channel, type ChannelHandler, type ChannelReset, checkedMetadata } from './channel.ts';

/** To be answered exactly once. */
export class ChannelRequest {
  /** What the opener says of it. */
  readonly metadata: Uint8Array;
  /** Runs if the opener, or the loss of the session, ends the channel before there is an answer. */
  onGone: ((reset: ChannelReset) => void) | undefined;
  readonly #channel: Channel;
  #isAnswered = false;
  #gone: ChannelReset | undefined;

  /** Made by `Channels`. @internal */
  constructor(channel: Channel, metadata: Uint8Array) {
    this.metadata = metadata;
    this.#channel = channel;
    const onReset = (reset: ChannelReset): void => {
      this.#gone = reset;
      this.onGone?.(reset);
    };
    channel.handle({ onData: () => undefined, onEnd: () => undefined, onReset });
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /**
   * Takes the channel, which starts paused. `metadata` goes to the opener.
   * @throws `STREAMS_INVALID_STATE` for a second answer, `STREAMS_CHANNEL_RESET` where the channel has ended, `STREAMS_TOO_LARGE`.
   */
  accept(handler: ChannelHandler, metadata: Uint8Array = new Uint8Array(0)): Channel {
    checkedMetadata(metadata);
    this.#answer();
    if (this.#gone) throw new ChannelResetError(this.#gone.code, this.#gone.reason);
    this.#channel.handle(handler);
    this.#channel.accept(metadata);
    return this.#channel;
  }

  /**
   * Says no, with a reason of up to 512 bytes for the opener.
   * @throws `STREAMS_INVALID_STATE` for a second answer
   */
  reject(code: SentResetCode, reason = ''): void {
    this.#answer();
    this.#channel.reset(code, reason);
  }

  #answer(): void {
    if (this.#isAnswered) throw createError('INVALID_STATE', { message: 'the channel request was answered before' });
    this.#isAnswered = true;
  }
}

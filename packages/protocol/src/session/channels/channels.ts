// The channels of one session: opens, answers and ends them, and hands each frame to the one that it belongs to.
import type { StreamsError } from '../../errors/base.ts';
import { ChannelResetError, createError } from '../../errors/kinds.ts';
import {
  DEVICE_MAX_CHANNELS,
  FIRST_MAX_CHANNELS,
  INITIAL_WINDOW_BYTES,
  MAX_INITIAL_WINDOW_BYTES,
  MAX_REFUSED_CHANNELS,
  MAX_SESSION_GROWTH_BYTES,
  MAX_UNSENT_CONTROL_FRAMES,
  SERVICE_MAX_CHANNELS,
} from '../../wire/channel-limits.ts';
import { MIN_INITIAL_WINDOW_BYTES } from '../../wire/limits.ts';
import type { SentResetCode } from '../../wire/reset-codes.ts';
import { decodeSessionFrames, encodeSessionFrame, type SessionFrame } from '../../wire/session-frames.ts';
import type { SessionRole } from '../../wire/session-hello.ts';
import { type LinkPort, type LinkUser, type PeerLimits, SessionFailure } from '../seam.ts';
import { Channel, type ChannelHandler, type ChannelHome, type ChannelOrigin, checkedMetadata } from './channel.ts';
import { ChannelRequest } from './channel-request.ts';
import { GrowthBudget, processGrowth } from './growth-budget.ts';
import { ChannelIds, IMPLICIT_CHANNEL, isIdOf } from './ids.ts';
import { Scheduler } from './scheduler.ts';
import { throwLater } from './throw-later.ts';

/** What the channels of a session are made with. */
export interface ChannelsOptions {
  readonly role: SessionRole;
  readonly link: LinkPort;
  /** The peer opens a channel. To be answered, at once or later; one that throws before its answer is refused with `INTERNAL`. */
  readonly onRequest: (request: ChannelRequest) => void;
  /** Both sides have said END: the session is over once the peer has acknowledged ours. Default: nothing. */
  readonly onEnded?: (() => void) | undefined;
  /** What our HELLO says: see `PeerLimits`. */
  readonly limits?: PeerLimits | undefined;
  /** By how much the receive windows of all sessions together may grow. Default: the one of the process. */
  readonly growth?: GrowthBudget | undefined;
}

/** What a side says of itself unless it is told otherwise. */
export function defaultLimits(role: SessionRole): PeerLimits {
  return { initialWindowBytes: INITIAL_WINDOW_BYTES, maxChannels: role === 'service' ? SERVICE_MAX_CHANNELS : DEVICE_MAX_CHANNELS };
}

/** One side's. */
export class Channels implements LinkUser {
  readonly #home: ChannelHome;
  readonly #role: SessionRole;
  readonly #limits: PeerLimits;
  readonly #onRequest: (request: ChannelRequest) => void;
  readonly #onEnded: () => void;
  readonly #ids: ChannelIds;
  readonly #channels: Map<number, Channel> = new Map();
  readonly #counts: Record<ChannelOrigin, number> = { own: 0, peer: 0, refused: 0, implicit: 0 };
  #peer: PeerLimits | undefined;
  #isEnding = false;
  #end: 'open' | 'queued' | 'sent' = 'open';
  #peerHasEnded = false;
  #isLost = false;

  constructor({ role, link, onRequest, onEnded = () => undefined, limits = defaultLimits(role), growth = processGrowth }: ChannelsOptions) {
    this.#home = {
      scheduler: new Scheduler(link),
      growth: new GrowthBudget(MAX_SESSION_GROWTH_BYTES, growth),
      forget: (channel) => this.#forget(channel),
    };
    this.#role = role;
    this.#limits = limits;
    this.#onRequest = onRequest;
    this.#onEnded = onEnded;
    this.#ids = new ChannelIds(role);
  }

  /** Channels whose id is in use, those that only wait for the peer's RESET too. */
  get size(): number {
    return this.#channels.size;
  }

  /** True once {@link end} was called or the peer has said END: no channel can be opened. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** The one channel of a plain stream, which both sides have from the start. It starts paused; the session ends with it. */
  openImplicit(handler: ChannelHandler): Channel {
    const channel = this.#add(IMPLICIT_CHANNEL, 'implicit');
    channel.handle(handler);
    this.end();
    return channel;
  }

  /**
   * Opens a channel, on which bytes may be written at once. It starts paused.
   * @throws `STREAMS_CHANNEL_RESET` with `LIMIT` where the peer takes no more, with `SESSION_LOST` where the session is over;
   * `STREAMS_INVALID_STATE` where it is ending; `STREAMS_TOO_LARGE` for the metadata.
   */
  open(metadata: Uint8Array, handler: ChannelHandler): Channel {
    checkedMetadata(metadata);
    if (this.#isLost) throw new ChannelResetError('SESSION_LOST', '');
    if (this.#isEnding) throw createError('INVALID_STATE', { message: 'the session is ending; open a new one' });
    const maxChannels = this.#peer?.maxChannels ?? FIRST_MAX_CHANNELS;
    if (this.#counts.own >= maxChannels) throw new ChannelResetError('LIMIT', `the other side takes ${maxChannels} channels at once`);
    const channel = this.#add(this.#ids.take(this.#channels), 'own');
    channel.handle(handler);
    this.#home.scheduler.control(encodeSessionFrame({ type: 'open', channel: channel.id, metadata }));
    return channel;
  }

  /** Opens no more channels, refuses new ones, and says END once there is none left. */
  end(): void {
    this.#isEnding = true;
    this.#endIfDone();
  }

  /** The session is over: each channel that is not gets a reset with `SESSION_LOST`, streams on it end with `closeCode`. */
  lose(closeCode: number, reason: string, error?: StreamsError): void {
    if (this.#isLost) return;
    this.#isLost = true;
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    for (const channel of channels) channel.lose(closeCode, reason, error);
  }

  compose(reservedBytes: number, maxFramesBytes: number): Buffer | undefined {
    return this.#isLost ? undefined : this.#home.scheduler.compose(reservedBytes, maxFramesBytes);
  }

  receive(frames: Buffer): void {
    for (const frame of decoded(frames)) {
      if (this.#isLost) return;
      this.#receive(frame);
    }
    if (this.#home.scheduler.unsentControlFrames > MAX_UNSENT_CONTROL_FRAMES)
      throw new SessionFailure('FLOW', 'the peer takes no control frames');
  }

  onPeer(limits: PeerLimits): void {
    if (this.#peer) return;
    const { initialWindowBytes } = limits;
    if (initialWindowBytes < MIN_INITIAL_WINDOW_BYTES || initialWindowBytes > MAX_INITIAL_WINDOW_BYTES) {
      throw new SessionFailure('PROTOCOL', `the initial window is out of bounds: ${initialWindowBytes} bytes`);
    }
    this.#peer = limits;
    const moreBytes = initialWindowBytes - MIN_INITIAL_WINDOW_BYTES;
    if (moreBytes > 0) for (const channel of this.#channels.values()) channel.receiveCredit(moreBytes);
  }

  #forget(channel: Channel): void {
    if (!this.#channels.delete(channel.id)) return;
    this.#counts[channel.origin] -= 1;
    this.#endIfDone();
  }

  #add(id: number, origin: ChannelOrigin): Channel {
    const creditBytes = this.#peer?.initialWindowBytes ?? MIN_INITIAL_WINDOW_BYTES;
    const channel = new Channel(this.#home, id, origin, creditBytes, this.#limits.initialWindowBytes);
    this.#channels.set(id, channel);
    this.#counts[origin] += 1;
    return channel;
  }

  #receive(frame: SessionFrame): void {
    if (frame.type === 'end') return this.#receiveEnd();
    if (frame.type === 'open') return this.#receiveOpen(frame.channel, frame.metadata);
    const channel = this.#channels.get(frame.channel);
    // What crosses the end of a channel.
    if (!channel && (frame.type === 'credit' || frame.type === 'reset')) return;
    if (!channel) throw new SessionFailure('PROTOCOL', `channel ${frame.channel}: ${frame.type.toUpperCase()} for no channel`);
    if (frame.type === 'data') channel.receive(frame.payload, frame.eof, frame.blocked);
    else if (frame.type === 'credit') channel.receiveCredit(frame.bytes);
    else if (frame.type === 'reset') channel.receiveReset(frame.code, frame.reason);
    else if (this.#peerHasEnded) throw new SessionFailure('PROTOCOL', `channel ${frame.channel}: ACCEPT after END`);
    else channel.receiveAccept(frame.metadata);
  }

  #receiveOpen(id: number, metadata: Uint8Array): void {
    if (this.#peerHasEnded) throw new SessionFailure('PROTOCOL', 'OPEN after END');
    if (isIdOf(this.#role, id) || this.#channels.has(id)) throw new SessionFailure('PROTOCOL', `channel ${id}: OPEN of this id`);
    const { maxChannels } = this.#limits;
    if (this.#isEnding) return this.#refuse(id, 'REFUSED', 'the session is ending');
    if (this.#counts.peer >= maxChannels) return this.#refuse(id, 'LIMIT', `at most ${maxChannels} channels at once`);
    const request = new ChannelRequest(this.#add(id, 'peer'), Buffer.from(metadata));
    throwLater(() => {
      try {
        this.#onRequest(request);
      } catch (error) {
        if (!request.isAnswered) request.reject('INTERNAL');
        throw error;
      }
    });
  }

  #refuse(id: number, code: SentResetCode, reason: string): void {
    const { peer, refused } = this.#counts;
    if (peer + refused >= this.#limits.maxChannels + MAX_REFUSED_CHANNELS) {
      throw new SessionFailure('FLOW', 'far more channels than may be opened');
    }
    this.#add(id, 'refused').reset(code, reason);
  }

  #receiveEnd(): void {
    if (this.#peerHasEnded) throw new SessionFailure('PROTOCOL', 'END after END');
    // What is left can only be an OPEN of ours that has crossed the END, and that the peer refuses.
    for (const { id, origin, isAccepted } of this.#channels.values())
      if (origin !== 'own' || isAccepted) throw new SessionFailure('PROTOCOL', `channel ${id}: END before its end`);
    this.#peerHasEnded = true;
    this.end();
    this.#tellIfEnded();
  }

  #endIfDone(): void {
    if (!this.#isEnding || this.#end !== 'open' || this.#channels.size > 0) return;
    this.#end = 'queued';
    this.#home.scheduler.control(encodeSessionFrame({ type: 'end' }), () => {
      this.#end = 'sent';
      this.#tellIfEnded();
    });
  }

  #tellIfEnded(): void {
    if (this.#end === 'sent' && this.#peerHasEnded && !this.#isLost) this.#onEnded();
  }
}

function decoded(frames: Buffer): SessionFrame[] {
  try {
    return decodeSessionFrames(frames);
  } catch (error) {
    throw new SessionFailure('PROTOCOL', (error as Error).message);
  }
}

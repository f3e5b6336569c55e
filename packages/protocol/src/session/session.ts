// A session as its owner sees it: the link and the channels joined. It survives the loss of its legs, and does not dial by itself.
import { EventEmitter } from 'eventemitter3';
import { SessionError } from '../errors/kinds.ts';
import type { Leg, LegEnd } from '../leg/leg.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { CLOSE_CLEAN } from '../wire/close-codes.ts';
import type { SessionRole } from '../wire/session-hello.ts';
import type { Channel, ChannelHandler } from './channels/channel.ts';
import type { ChannelRequest } from './channels/channel-request.ts';
import { Channels, defaultLimits } from './channels/channels.ts';
import { closeCodeOf } from './link/failures.ts';
import { Link } from './link/link.ts';
import type { LinkOutcome, LinkStats } from './link/options.ts';
import type { FailCode, PeerLimits, SessionFailure } from './seam.ts';

/** What a session is made with. */
export interface SessionOptions {
  readonly role: SessionRole;
  /** The id of the session's first stream. */
  readonly id: string;
  readonly clock: Clock;
  readonly random: Random;
  /** How long the session lives without a leg, in milliseconds, unless the other side says less. */
  readonly resumeTimeoutMs?: number | undefined;
  /** The most bytes that are kept for a replay, beside one message. */
  readonly maxWindowBytes?: number | undefined;
  readonly limits?: PeerLimits | undefined;
  /** Takes the channels that the other side opens. Absent: the session is a plain stream, with the implicit channel alone. */
  readonly onRequest?: ((request: ChannelRequest) => void) | undefined;
}

/** Figures of a session. */
export interface SessionStats extends LinkStats {
  /** Channels that are open. */
  readonly channels: number;
}

/** What happens to a session. */
export interface SessionEvents {
  /** No leg is left: the session waits for a new one. */
  suspended: [];
  /** A new leg carries again. */
  resumed: [];
  /** A new leg has taken the place of one that still stood. */
  moved: [];
  /** A new leg is wanted, whoever can dial one: see `LinkEvents`. */
  wanted: [];
  /** The other side asks for a new leg within `afterMs`; the present one stays until that stands. */
  drain: [afterMs: number];
  /** Over; `undefined` after a clean end, with every byte of either side acknowledged. Once. */
  closed: [error: SessionError | undefined];
  /** Nothing is left of it. Until then, after a clean end, the other side may ask for a leg once more. Once. */
  released: [];
}

/** See the file's head. */
export class Session extends EventEmitter<SessionEvents> {
  readonly id: string;
  readonly #link: Link;
  readonly #channels: Channels;
  #whenClosed: ((end: LegEnd) => void)[] = [];
  /** How streams of which nothing is left but the confirmation end; present once the session is over. */
  #end: LegEnd | undefined;

  constructor({ id, role, onRequest, limits = defaultLimits(role), ...options }: SessionOptions) {
    super();
    this.id = id;
    this.#channels = new Channels({
      role,
      limits,
      link: { wake: (quiet) => this.#link.wake(quiet) },
      onRequest: (request) => (onRequest ? onRequest(request) : request.reject('REFUSED', 'this session is one stream')),
      onEnded: () => this.#link.end(),
    });
    const sessionId = Buffer.from(id, 'base64url');
    this.#link = new Link({ ...options, role, limits, sessionId, user: this.#channels, implicitChannel: onRequest === undefined });
    this.#link.on('suspended', () => this.emit('suspended'));
    this.#link.on('resumed', () => this.emit('resumed'));
    this.#link.on('moved', () => this.emit('moved'));
    this.#link.on('wanted', () => this.emit('wanted'));
    this.#link.on('drain', (afterMs) => this.emit('drain', afterMs));
    this.#link.on('closed', (outcome) => this.#onLinkClosed(outcome));
    this.#link.on('released', () => this.#onReleased());
  }

  /** Where its link stands. */
  get state(): Link['state'] {
    return this.#link.state;
  }

  /** Channels that are open. */
  get channels(): number {
    return this.#channels.size;
  }

  stats(): SessionStats {
    return { ...this.#link.stats(), channels: this.#channels.size };
  }

  /** Takes over a leg that was just established, still paused: the first one, and each that follows. */
  attach(leg: Leg): void {
    this.#link.attach(leg);
  }

  /** The one channel of a plain stream. */
  openImplicit(handler: ChannelHandler): Channel {
    return this.#channels.openImplicit(handler);
  }

  /** Opens a channel, on which bytes may be written at once. @throws see {@link Channels.open}. */
  open(metadata: Uint8Array, handler: ChannelHandler): Channel {
    return this.#channels.open(metadata, handler);
  }

  /** Opens no more channels, takes none, and ends once those that are open have ended. */
  end(): void {
    this.#channels.end();
  }

  /** Ends the session at once, for both sides; after a clean end, forgets it. */
  fail(code: FailCode, reason: string): void {
    this.#link.fail(code, reason);
    this.#link.release();
  }

  /** Ends the session at once by the close of its leg, which takes the reason to the other side and the hub; false where none stands. */
  abort(reason: string): boolean {
    return this.#link.abort(reason);
  }

  /** Asks the other side to see to a new leg, the present one being about to go. */
  drain(afterMs: number): void {
    this.#link.drain(afterMs);
  }

  /** Runs `action` once the session is over, at once where it is: with a clean end if all was acknowledged, else with its failure. */
  whenClosed(action: (end: LegEnd) => void): void {
    if (this.#end) action(this.#end);
    else this.#whenClosed.push(action);
  }

  #onLinkClosed({ failure, bytesAcked, bytesUnacked }: LinkOutcome): void {
    const error = failure && errorOf(failure, bytesAcked, bytesUnacked);
    // Whom the hub or its operator ends learns that from the close code, as on any stream.
    const shown = failure?.closeCode === undefined ? error : undefined;
    this.#end = failure ? { code: closeCodeOf(failure), reason: failure.message, violation: false, error: shown } : CLEAN_END;
    if (failure) this.#channels.lose(this.#end.code, failure.message, shown);
    for (const action of this.#whenClosed) action(this.#end);
    this.#whenClosed = [];
    this.emit('closed', error);
  }

  #onReleased(): void {
    this.emit('released');
    this.removeAllListeners();
  }
}

function errorOf({ code, message, closeCode }: SessionFailure, bytesAcked: number, bytesUnacked: number): SessionError {
  const reason = message === '' ? `its stream was closed with ${closeCode}` : message;
  return new SessionError({ failure: code, reason, bytesAcked, bytesUnacked });
}

/** How the leg of a stream on the implicit channel ends cleanly. */
const CLEAN_END: LegEnd = { code: CLOSE_CLEAN, reason: '', violation: false };

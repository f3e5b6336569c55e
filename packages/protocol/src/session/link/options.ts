// What a link is told, and what it tells.
import type { LegEnd } from '../../leg/leg.ts';
import type { Clock } from '../../time/clock.ts';
import type { Random } from '../../time/random.ts';
import type { SessionRole } from '../../wire/session-hello.ts';
import type { LinkUser, PeerLimits, SessionFailure } from '../seam.ts';

/** See {@link Link}. */
export interface LinkOptions {
  readonly role: SessionRole;
  /** 16 random bytes, made by the service. */
  readonly sessionId: Uint8Array;
  readonly user: LinkUser;
  readonly clock: Clock;
  /** Makes the session's secret. */
  readonly random: Random;
  /** What the peer may do: its HELLO is told. */
  readonly limits: PeerLimits;
  /** Channel 1 is there from the start; both ends must agree. */
  readonly implicitChannel: boolean;
  /** How long the session lives without a leg, unless the peer says less; rounded up to seconds. 0: not at all. Default: `SESSION_RESUME_MS`. */
  readonly resumeTimeoutMs?: number | undefined;
  /** The most that may be sent and not acknowledged, in frame bytes, beside one message. Default: `MAX_REPLAY_WINDOW_BYTES`. */
  readonly maxWindowBytes?: number | undefined;
  /** Runs its argument in the next turn of the event loop. Default: `setImmediate`. */
  readonly nextTurn?: ((action: () => void) => void) | undefined;
}

/** How a session ended. */
export interface LinkOutcome {
  /** Undefined after a clean end: both directions have ended, and all is acknowledged. */
  readonly failure: SessionFailure | undefined;
  /** Frame bytes that the peer has processed for sure, and those sent of which that is not known. */
  readonly bytesAcked: number;
  readonly bytesUnacked: number;
}

/** What happens to a link. */
export interface LinkEvents {
  /** The peer has proven itself for the first time. */
  up: [];
  /** No leg is left. `cause`: how the last one ended. */
  suspended: [cause: LegEnd];
  /**
   * A new leg is wanted: behind `suspended`, each time that a leg came to nothing since, and after a clean `closed` if the last leg broke
   * before the peer has confirmed it: a new one, if it can be had, spares the peer an error.
   */
  wanted: [cause: LegEnd];
  /** A new leg carries after `suspended`. */
  resumed: [];
  /** A new leg carries in the place of one that still stood. */
  moved: [];
  /** The peer asks for a new leg within `afterMs`; the present one stays until that stands. */
  drain: [afterMs: number];
  /** The session is over. Emitted once. */
  closed: [outcome: LinkOutcome];
  /** Nothing is known of the session any more: no leg can be attached. After a failure at once, after a clean end 30 s later. */
  released: [];
}

/** Figures of a link. */
export interface LinkStats {
  /** Frame bytes composed, acknowledged by the peer, and received from it. */
  readonly bytesSent: number;
  readonly bytesAcked: number;
  readonly bytesReceived: number;
  /** Frame bytes kept for a replay. */
  readonly retainedBytes: number;
  /** How much may be kept now. */
  readonly windowBytes: number;
  /** The shortest round trip on this leg so far; undefined before the first. */
  readonly minRttMs: number | undefined;
  /** Legs that took over from an earlier one, lost or not. */
  readonly resumes: number;
}

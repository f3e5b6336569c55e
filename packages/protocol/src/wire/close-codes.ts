// WebSocket close codes of legs and control links (RFC 6455 section 7.4; design section 5), and which may be passed on.

/** Both sides have finished. */
export const CLOSE_CLEAN = 1000;
/** The peer sent something that this link does not carry, such as text on a stream. */
export const CLOSE_UNSUPPORTED = 1003;
/** Local only, never sent: the peer closed without a code. */
export const CLOSE_NO_CODE = 1005;
/** Local only, never sent: the connection ended without a close frame. */
export const CLOSE_LOST = 1006;
/** The peer broke the rules of the protocol that the two had agreed on. */
export const CLOSE_PROTOCOL_ERROR = 1002;
/** The peer sent text that is no valid message. */
export const CLOSE_BAD_MESSAGE = 1007;
/** The identity behind the connection was revoked, or its token ended. */
export const CLOSE_REVOKED = 1008;
/** The peer sent a message that is too large. */
export const CLOSE_TOO_LARGE = 1009;
/** The hub restarts or drains. */
export const CLOSE_RESTART = 1012;
/** More waits in the hub for slow receivers than it may hold, and this stream's has been slow for longest. */
export const CLOSE_OVERLOADED = 1013;
/** Aborted by the peer's application; the reason is its own. */
export const CLOSE_ABORTED = 4400;
/** A newer one has taken the place: of a control link another instance of the device, of a session's leg its next leg. */
export const CLOSE_REPLACED = 4409;
/** The other side of the stream was lost. */
export const CLOSE_PEER_LOST = 4410;
/** The session has failed for good: a new leg does not help. */
export const CLOSE_SESSION_FAILED = 4411;
/** The stream, or the session of which it is the leg, has reached the longest life that the hub gives. */
export const CLOSE_EXPIRED = 4412;
/** Nothing was carried for the longest time that the hub lets a stream be idle. */
export const CLOSE_IDLE = 4413;

/** Who ended a stream, as one side sees it. `network`: its own connection to the hub was lost. */
export type EndedBy = 'local' | 'peer' | 'hub' | 'network';

/** Whom a close code that came over a leg speaks of. */
export function endedBy(code: number): EndedBy {
  if (code === CLOSE_LOST) return 'network';
  const fromHub = code === CLOSE_REVOKED || code === CLOSE_EXPIRED || code === CLOSE_IDLE || (code >= 1011 && code <= 1014);
  return fromHub ? 'hub' : 'peer';
}

/** True for codes that a close frame may carry (RFC 6455 section 7.4.2, without 1001, which we do not use). */
export function isSendable(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && ![1001, 1004, CLOSE_NO_CODE, CLOSE_LOST].includes(code);
}

/** The code under which the end of one leg is passed on to the other: {@link CLOSE_PEER_LOST} where it has none. */
export function passedOn(end: { readonly code: number; readonly violation: boolean }): number {
  return end.violation || !isSendable(end.code) ? CLOSE_PEER_LOST : end.code;
}

/** RFC 6455 section 5.5: a control frame holds 125 bytes, two of them the code. */
export const MAX_CLOSE_REASON_BYTES = 123;

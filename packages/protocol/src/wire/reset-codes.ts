// Why a channel of a session was reset: the codes of RESET frames (docs/protocol.md).

/**
 * Why a channel was reset.
 *
 * - `OK`: the answer to a reset; nobody's reason. `ABORTED`: the application gave up, as a TCP reset does.
 * - `REFUSED`: the application did not want the channel. `UNREACHABLE`: what it leads to cannot be reached.
 * - `LIMIT`: there are as many channels as may be. `TIMEOUT`: it took too long. `POLICY`: a rule forbids it.
 * - `INTERNAL`: the other side failed. `SESSION_LOST`: local only, never sent: the session ended under the channel.
 */
export type ResetCode = 'OK' | 'ABORTED' | 'REFUSED' | 'UNREACHABLE' | 'LIMIT' | 'TIMEOUT' | 'POLICY' | 'INTERNAL' | 'SESSION_LOST';
/** What a side may give as its reason. */
export type SentResetCode = Exclude<ResetCode, 'OK' | 'SESSION_LOST'>;

/** Name -> code on the wire. */
export const RESET_CODES: Readonly<Record<ResetCode, number>> = {
  OK: 0,
  ABORTED: 1,
  REFUSED: 2,
  UNREACHABLE: 3,
  LIMIT: 4,
  TIMEOUT: 5,
  POLICY: 6,
  INTERNAL: 7,
  SESSION_LOST: 8,
};

const NAMES = Object.keys(RESET_CODES) as ResetCode[];

/** True if `value` is the name of a code. */
export function isResetCode(value: unknown): value is ResetCode {
  return typeof value === 'string' && Object.hasOwn(RESET_CODES, value);
}

/** What a code that came means; one that this version does not know counts as `INTERNAL`, one that is never sent as undefined. */
export function resetCodeOf(value: number): ResetCode | undefined {
  if (value === RESET_CODES.SESSION_LOST) return undefined;
  return NAMES[value] ?? 'INTERNAL';
}

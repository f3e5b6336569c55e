// Why a channel of a session was reset: the codes of RESET frames (docs/protocol.md).

/** Name -> code on the wire. */
export const RESET_CODES = {
  /** The answer to a reset; nobody's reason. */
  OK: 0,
  /** The application gave up, as a TCP reset does. */
  ABORTED: 1,
  /** The application did not want the channel. */
  REFUSED: 2,
  /** What the channel leads to cannot be reached. */
  UNREACHABLE: 3,
  /** There are as many channels as may be. */
  LIMIT: 4,
  /** It took too long. */
  TIMEOUT: 5,
  /** A rule forbids it. */
  POLICY: 6,
  /** The other side failed. */
  INTERNAL: 7,
  /** Local only, never sent: the session ended under the channel. */
  SESSION_LOST: 8,
} as const;

/** Why a channel was reset. */
export type ResetCode = keyof typeof RESET_CODES;
/** What a side may give as its reason. */
export type SentResetCode = Exclude<ResetCode, 'OK' | 'SESSION_LOST'>;

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

// What ends a session: broken rules, a FAIL of the peer, and the close codes of a leg that a new one does not mend.
import { StreamsError } from '../../errors/base.ts';
import type { LegEnd } from '../../leg/leg.ts';
import {
  CLOSE_ABORTED,
  CLOSE_EXPIRED,
  CLOSE_IDLE,
  CLOSE_REVOKED,
  CLOSE_SESSION_FAILED,
  CLOSE_UNSUPPORTED,
} from '../../wire/close-codes.ts';
import { FAIL_CODES, type FailCode, SessionFailure } from '../seam.ts';

/** Text came, where a session is binary: its close code is the one that says so. */
export class TextFailure extends SessionFailure {
  constructor() {
    super('PROTOCOL', 'a session carries binary messages only');
  }
}

/** The failure that an error on a message stands for; what is none is thrown on. */
export function failureOf(error: unknown): SessionFailure {
  if (error instanceof SessionFailure) return error;
  if (StreamsError.is(error) && error.wireCode === 'BAD_REQUEST') return new SessionFailure('PROTOCOL', error.message);
  throw error;
}

/** The failure in a FAIL of the peer; codes of a later version are read as the general one. */
export function peerFailure(code: number, text: string): SessionFailure {
  const names = Object.keys(FAIL_CODES) as FailCode[];
  const name = names.find((candidate) => FAIL_CODES[candidate] === code) ?? 'PROTOCOL';
  return new SessionFailure(name, `the other side has ended the session: ${text === '' ? name : text}`);
}

/** The end of a session that has waited for a leg long enough. `cause`: how the last one ended. */
export function noLegInTime({ code }: LegEnd, timeoutMs: number): SessionFailure {
  return new SessionFailure('RESUME_TIMEOUT', `the leg was lost (${code}), and none took its place within ${timeoutMs} ms`);
}

/** What an end of a proven leg means for its session; `undefined`: the leg was lost, and a new one mends that. */
export function fatalEnd({ code, reason, violation }: LegEnd): SessionFailure | undefined {
  if (violation) return undefined;
  if (code === CLOSE_REVOKED) return new SessionFailure('REVOKED', reason, code);
  if (code === CLOSE_SESSION_FAILED) return new SessionFailure('ENDED', `the other side has ended the session: ${reason}`);
  // The hub's limits end sessions, not legs: a session that resumed would have none.
  if (code === CLOSE_ABORTED || code === CLOSE_EXPIRED || code === CLOSE_IDLE) return new SessionFailure('ENDED', reason, code);
  return undefined;
}

/** The code under which the legs of a failed session are closed. */
export function closeCodeOf(failure: SessionFailure): number {
  if (failure instanceof TextFailure) return CLOSE_UNSUPPORTED;
  return failure.closeCode ?? CLOSE_SESSION_FAILED;
}

/** The reason beside it: the application's words, or the FAIL code. */
export function reasonOf({ closeCode, code, message }: SessionFailure): string {
  return closeCode === undefined ? code : message;
}

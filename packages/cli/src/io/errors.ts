// An error as a person at a terminal gets it: one line that says what to do, and the exit code of the error table.
import { ERRORS, redact, StreamsError, type WireCode } from '@streams/protocol/internal';

/** sysexits.h: for what is no error of ours. */
const SOFTWARE = 70;

/** What to do, where the error's own text does not say it. */
const REMEDIES: Partial<Record<WireCode, string>> = {
  CONFLICT: 'look at it, and do it again if that is still right',
  CONNECT_FAILED: 'is the hub running (`streams hub start`), and does the connection string have its name and port?',
  DEVICE_NOT_CONNECTED: 'start its program on the device, such as `streams device proxy`',
  DEVICE_NOT_FOUND: '`streams devices list` shows those that it knows, `streams devices create` makes one',
  DRAINING: 'try again in a moment',
  FORBIDDEN: 'use the connection string of a policy that does',
  HANDSHAKE_TIMEOUT: "try again, and look at the device's log if it stays so",
  INTERNAL: 'look there, or try again',
  NO_HANDLER: 'its program has to serve streams, as `streams device echo` does',
  OVERLOADED: 'try again in a moment',
  POLICY_NOT_FOUND: '`streams policies list` shows those that it has, `streams policies create` makes one',
  REPLACED: 'each device needs an id and a connection string of its own',
  STREAM_TERMINATED: 'try again',
  STREAM_REJECTED: 'start that service on the device, or ask for one that it offers',
};

/** Looks once at each run of them: without the look behind, a long run would be looked at from each of its characters. */
const TRAILING = /(?<![.\s])[.\s]+$/;

/** `streams: CODE: what happened; what to do`. Never a key, never a second line. */
export function oneLine(error: unknown): string {
  const code = StreamsError.is(error) ? error.code : undefined;
  const message = error instanceof Error || StreamsError.is(error) ? error.message : String(error);
  const remedy = remedyOf(error) ?? addressInUse(error);
  const parts = [message.replace(TRAILING, ''), remedy].filter((part) => part !== undefined);
  return printable(`streams: ${code === undefined ? '' : `${code}: `}${parts.join('; ')}`);
}

/** On one line, and without secrets. The other side's words may be among it, and must not steer the terminal. */
export function printable(text: string): string {
  return redact(text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' '));
}

/** See docs/errors.md. */
export function exitCodeOf(error: unknown): number {
  return StreamsError.is(error) ? ERRORS[error.wireCode].exitCode : SOFTWARE;
}

/** What to do, beyond what the error's own text says. */
export function remedyOf(error: unknown): string | undefined {
  if (!StreamsError.is(error)) return undefined;
  const { remedy } = error.details;
  return typeof remedy === 'string' ? remedy : REMEDIES[error.wireCode];
}

function addressInUse(error: unknown): string | undefined {
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return cause?.code === 'EADDRINUSE' ? 'choose another port with --port, or stop the program that has this one' : undefined;
}

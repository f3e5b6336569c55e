// What is thrown where a file of the data directory could not be written. The caller is told of a disk that takes nothing at the moment,
// and the hub's log alone of the file.
import { getSystemErrorName } from 'node:util';
import { createError, type StreamsError } from '@streams/protocol/internal';

/** What ends without a change to the hub, or to the request, by the name of the system's error. */
const TROUBLES: Readonly<Record<string, string | undefined>> = {
  ENOSPC: 'is full',
  EDQUOT: 'has no room left in its quota',
  EROFS: 'is read-only',
  EIO: 'fails',
};
/** Somebody has to make room first. */
const RETRY_AFTER_MS = 10_000;

/** `STREAMS_OVERLOADED` where the disk is at fault, `STREAMS_INTERNAL` for everything else. @param cause Of the file system, or of lmdb. */
export function notWritten(file: string, cause: unknown): StreamsError {
  const error = createError('INTERNAL', { message: `${file} could not be written: ${(cause as Error).message}`, cause });
  const trouble = TROUBLES[systemErrorOf(cause)];
  if (trouble === undefined) return error;
  const message = `the disk of the hub's data directory ${trouble}: nothing can be changed until somebody has seen to it`;
  return createError('OVERLOADED', { message, retryAfterMs: RETRY_AFTER_MS, cause: error });
}

function systemErrorOf(cause: unknown): string {
  const { code } = cause as { code?: unknown };
  // lmdb has the number, as C has it; its own errors are negative.
  if (typeof code === 'number') return code > 0 ? getSystemErrorName(-code) : '';
  return String(code);
}

// `If-Match` and `If-None-Match` of a write (RFC 9110 section 13): who changes something says which version of it they have seen.
import type { IncomingHttpHeaders } from 'node:http';
import { createError, fail } from '@streams/protocol/internal';

/** Under which conditions something may be written. */
export interface Preconditions {
  /** Only if it exists. */
  readonly mustExist?: boolean | undefined;
  /** Only if its version is one of these; it must exist. */
  readonly etags?: readonly string[] | undefined;
  /** Only if it does not exist. */
  readonly mustBeNew?: boolean | undefined;
}

/** One strong etag; a weak one never matches (section 8.8.3.2). */
const ETAG = /^"([!#-~]{1,64})"$/;

/** @throws `STREAMS_BAD_REQUEST` that names the header. */
export function preconditionsOf(headers: IncomingHttpHeaders): Preconditions {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (noneMatch !== undefined && noneMatch !== '*') fail('If-None-Match', '*', noneMatch);
  if (match === undefined || match === '*') return { mustExist: match !== undefined, mustBeNew: noneMatch !== undefined };
  const etags = match.split(',').map((text) => ETAG.exec(text.trim())?.[1] ?? fail('If-Match', '* or etags in double quotes', match));
  return { mustExist: true, etags, mustBeNew: noneMatch !== undefined };
}

/**
 * Compares with what is there: to be called where nobody else can write until the write is done.
 * @param etag Of what is there; `undefined` if there is nothing. Whether something must be there is for the caller to say.
 * @throws `STREAMS_CONFLICT`
 */
export function checkPreconditions({ etags: wanted, mustBeNew }: Preconditions, etag: string | undefined): void {
  if (etag === undefined) return;
  if (mustBeNew) throw createError('CONFLICT', { message: 'it exists already', details: { etag } });
  if (wanted?.includes(etag) !== false) return;
  throw createError('CONFLICT', { message: 'it was changed by somebody else meanwhile; read it again, then decide', details: { etag } });
}

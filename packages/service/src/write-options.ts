// When something may be changed: only as it was seen, or whatever it is now.
import { createError } from '@streams/protocol/internal';

/** When a device or a policy may be changed. */
export interface WriteOptions {
  /** The `etag` that it had when it was seen: `STREAMS_CONFLICT` if it was changed since. Default: whatever is there is changed. */
  readonly etag?: string | undefined;
}

/** The value of `If-Match`. A quote in it would end it early. @throws `STREAMS_INVALID_ARGUMENT` */
export function matchOf(call: string, { etag }: WriteOptions): string {
  if (etag === undefined) return '*';
  if (typeof etag === 'string' && /^[!#-~]{1,64}$/.test(etag)) return `"${etag}"`;
  throw createError('INVALID_ARGUMENT', {
    message: `${call}: etag: expected the etag of what is to be changed`,
    details: { field: 'etag' },
  });
}

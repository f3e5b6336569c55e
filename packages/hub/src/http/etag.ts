// The version of something, as `ETag` and `If-Match` have it (RFC 9110, section 8.8.3).
import { createHmac } from 'node:crypto';

const ETAG_BYTES = 16;

/**
 * Changes exactly when the content or a key does. Who may not see keys sees this; it tells no more of them than a signature does.
 * It is computed rather than kept, so that it holds across restarts and in every store.
 */
export function etagOf(content: string, keys: readonly string[]): string {
  return createHmac('sha256', keys.join()).update(content).digest().subarray(0, ETAG_BYTES).toString('base64url');
}

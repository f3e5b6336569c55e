// How long to wait before the control link is dialled again (design section 5).
import {
  BACKOFF_BASE_MS,
  BACKOFF_CAP_MS,
  FIRST_RETRY_MS,
  type Random,
  type StreamsError,
  UNAUTHENTICATED_RETRY_MS,
} from '@streams/protocol/internal';

/**
 * The wait after the `attempt`-th setback in a row, counted from 1: uniform over two seconds whatever the cause, so that
 * a herd spreads; then full jitter, doubled up to the cap. What the hub asks for is honoured.
 */
export function retryDelayMs(attempt: number, cause: StreamsError, random: Random): number {
  if (cause.code === 'STREAMS_UNAUTHENTICATED') return UNAUTHENTICATED_RETRY_MS;
  const mostMs = attempt === 1 ? FIRST_RETRY_MS : Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** (attempt - 1));
  return Math.max(cause.retryAfterMs ?? 0, random.uniform() * mostMs);
}

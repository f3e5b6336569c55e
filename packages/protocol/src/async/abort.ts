// AbortSignal as the SDKs show it: `STREAMS_ABORTED` with the signal's reason as cause.
import { StreamsError } from '../errors/base.ts';
import { createError } from '../errors/kinds.ts';
import { deferred } from './deferred.ts';

/** The error of a call that its signal has aborted: the reason itself where that is ours. */
export function abortedError(signal: AbortSignal): StreamsError {
  return StreamsError.is(signal.reason) ? signal.reason : createError('ABORTED', { cause: signal.reason });
}

/** @throws `STREAMS_ABORTED` if the signal has fired already. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedError(signal);
}

/** Calls `action` when the signal fires, at once if it has. Returns what removes the listener. */
export function onAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) action();
  signal.addEventListener('abort', action, { once: true });
  return () => signal.removeEventListener('abort', action);
}

/** Waits for `promise`, but no longer than until the signal fires. @throws `STREAMS_ABORTED` in that case. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const aborted = deferred<never>();
  const forget = onAbort(signal, () => aborted.reject(abortedError(signal as AbortSignal)));
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    forget();
  }
}

// AbortSignal as the SDKs show it: `STREAMS_ABORTED` with the signal's reason as cause.
import { StreamsError } from '../errors/base.ts';
import { createError } from '../errors/kinds.ts';

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

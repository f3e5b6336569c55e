// The signals by which a person, or a service manager, ends a command.
import { once } from 'node:events';

/** Resolves, and aborts its signal, at the first SIGINT or SIGTERM. */
export function untilSignal(): { readonly promise: Promise<void>; readonly signal: AbortSignal } {
  const stopping = new AbortController();
  const promise = Promise.race(['SIGINT', 'SIGTERM'].map((name) => once(process, name))).then(() => stopping.abort());
  return { promise, signal: stopping.signal };
}

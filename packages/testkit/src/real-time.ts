// The machine's own time, for tools and tests that let it pass beside real sockets.
import { systemClock } from '@streams/protocol/internal';

/** Waits `ms` of real time. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}

/** Gives everything else one turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Keeps this process from everything else for `ms`, as hard work does. */
export function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

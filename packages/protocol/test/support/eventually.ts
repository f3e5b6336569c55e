// Waits for what real sockets take a few turns for.
import { expect } from 'vitest';

/** Expects something of a value that is looked at again and again, for three seconds at the most. */
export function eventually<T>(look: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(look, { interval: 2, timeout: 3_000 });
}

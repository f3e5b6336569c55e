// Waits for what real sockets bring about, and says what did not come.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '@streams/protocol/internal';

/** Of real time: much for a busy machine, and short enough for a failure to be shrunk. */
const LIMIT_MS = 5_000;

/** @throws AssertionError if `promise` does not settle. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = systemClock.after(LIMIT_MS, () => reject(new assert.AssertionError({ message: `did not come: ${what}` })));
  });
  return Promise.race([promise, late]).finally(() => cancel());
}

/** Gives everything turns until `condition` holds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  for (let turns = 0; !condition(); turns += 1) {
    assert(performance.now() < deadline, `did not come: ${what}`);
    // At first at once; a machine that is busy is left to the others.
    if (turns < 200) await new Promise((resolve) => setImmediate(resolve));
    else await new Promise<void>((resolve) => systemClock.after(1, resolve));
  }
}

/** As `assert.deepEqual`, with words for what it is about: a failing run shows only those. */
export function expectEqual<T>(actual: T, expected: T, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new assert.AssertionError({ message: `${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}` });
}

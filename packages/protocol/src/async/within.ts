// A source that must go on: each piece comes in time, or the reading of it ends.
import type { Clock } from '../time/clock.ts';
import { deferred } from './deferred.ts';

/**
 * Yields what `source` does. Who leaves early leaves the source open, since that may be one side of a connection whose other side goes on.
 * @throws what `late` makes, if nothing came for `limitMs` while somebody waited for it.
 */
export async function* within<T>(source: AsyncIterable<T>, clock: Clock, limitMs: number, late: () => Error): AsyncGenerator<T, void> {
  const iterator = source[Symbol.asyncIterator]();
  for (;;) {
    const limit = deferred<never>();
    const cancel = clock.after(limitMs, () => limit.reject(late()));
    const next = iterator.next();
    // After the limit nobody asks for it any more.
    next.catch(() => undefined);
    const { done, value } = await Promise.race([next, limit.promise]).finally(cancel);
    if (done) return;
    yield value;
  }
}

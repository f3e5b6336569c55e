// Dials a leg until the hub has answered: it learns nothing of a dial that does not reach it, and lets the service wait for the time-out.
import { type Clock, deferred, type Leg, onAbort, REDIAL_BASE_MS, StreamsError, throwIfAborted } from '@streams/protocol/internal';

/** `dial` again and again, while only the way to the hub fails. @throws what `dial` throws else, and the signal's reason. */
export async function redialLeg(dial: () => Promise<Leg>, clock: Clock, signal: AbortSignal): Promise<Leg> {
  for (;;) {
    try {
      return await dial();
    } catch (error) {
      if (!isLostOnTheWay(error)) throw error;
    }
    await pause(clock, signal);
    throwIfAborted(signal);
  }
}

function isLostOnTheWay(error: unknown): boolean {
  return StreamsError.is(error) && error.code === 'STREAMS_CONNECT_FAILED' && error.details['httpStatus'] === undefined;
}

/** Ends early where `signal` fires. */
async function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  const over = deferred<void>();
  const cancel = clock.after(REDIAL_BASE_MS, over.resolve);
  const forget = onAbort(signal, over.resolve);
  await over.promise;
  cancel();
  forget();
}

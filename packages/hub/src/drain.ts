// Empties a hub before it closes: nothing new comes in, devices go to another hub where there is one, and what runs may end.
import {
  checkWhole,
  type Clock,
  deferred,
  DRAIN_LIMIT_MS,
  DRAIN_RETRY_FROM_MS,
  DRAIN_RETRY_UNTIL_MS,
  DRAIN_TICK_MS,
  MAX_RETRY_AFTER_MS,
  OLD_LINK_LINGER_MS,
  onAbort,
  type Random,
} from '@streams/protocol/internal';
import type { Sessions } from './control/sessions.ts';
import type { Broker } from './streams/broker.ts';

/** How a hub is to be drained. Milliseconds, an hour at most. */
export interface DrainOptions {
  /**
   * Only where another hub takes over behind the same name: every connected device dials its next link, which leads there, at a random
   * moment within this time, and its sessions follow it. What exceeds `limitMs` is cut to it. Default: there is no other hub, and the
   * devices stay until the close.
   */
  readonly withinMs?: number | undefined;
  /** Then the hub closes, whatever still runs. Default: 8,000. */
  readonly limitMs?: number | undefined;
}

/** What is drained. */
export interface DrainParts {
  readonly clock: Clock;
  readonly broker: Broker;
  readonly sessions: Sessions;
}

/** @throws `STREAMS_INVALID_ARGUMENT` */
export function checkDrain(options: DrainOptions): void {
  for (const field of ['withinMs', 'limitMs'] as const) checkWhole('drain', field, options[field], 0, MAX_RETRY_AFTER_MS);
}

/** When whoever is refused may come again: not all at once. */
export function drainRetryMs(random: Random): number {
  return Math.round(DRAIN_RETRY_FROM_MS + (DRAIN_RETRY_UNTIL_MS - DRAIN_RETRY_FROM_MS) * random.uniform());
}

/** Resolves once nothing runs that is worth waiting for, after the limit, or when `closing` fires. */
export async function drain({ clock, broker, sessions }: DrainParts, options: DrainOptions, closing: AbortSignal): Promise<void> {
  const { limitMs = DRAIN_LIMIT_MS } = options;
  const over = deferred<void>();
  const isDone = options.withinMs === undefined ? atRest(broker) : moved(clock, broker, sessions, Math.min(options.withinMs, limitMs));
  const look = (): void => {
    if (isDone()) over.resolve();
  };
  broker.drain();
  const cancels = [clock.every(DRAIN_TICK_MS, look), clock.after(limitMs, over.resolve), onAbort(closing, over.resolve)];
  look();
  await over.promise;
  for (const cancel of cancels) cancel();
}

/** There is no other hub: a session that carries nothing loses nothing by the close, and its end may be hours away. */
function atRest(broker: Broker): () => boolean {
  let bytesBefore: number | undefined;
  return () => {
    const { mortal, sessions, sessionBytes } = broker.load;
    const areQuiet = sessions === 0 || sessionBytes === bytesBefore;
    bytesBefore = sessionBytes;
    return mortal === 0 && areQuiet;
  };
}

/** The devices have had their time, with some more for links that are being superseded, and the sessions have followed them. */
function moved(clock: Clock, broker: Broker, sessions: Sessions, withinMs: number): () => boolean {
  const leftMs = sessions.goaway(withinMs) ? withinMs + OLD_LINK_LINGER_MS : 0;
  const untilMs = clock.monotonicMs() + leftMs;
  return () => broker.size === 0 && clock.monotonicMs() >= untilMs;
}

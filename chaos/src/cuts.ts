// A bad network: connections are cut at random, by a reset or an end, on one side or both, and stand still for a while.
import type { Random } from '@streams/protocol/internal';
import { type FaultConnection, type FaultProxy, NO_FAULTS, type ProxySide } from '@streams/testkit';

/** How often. */
export interface CutRhythm {
  readonly minMs: number;
  readonly maxMs: number;
  /** Instead of a cut, one in so many is a stall. */
  readonly cutsPerStall: number;
  readonly maxStallMs: number;
}

/** What has happened. */
export interface Harm {
  cuts: number;
  stalls: number;
}

/** Goes on until `signal` fires, and then leaves no connection half cut. */
export async function cutAtRandom(proxy: FaultProxy, random: Random, rhythm: CutRhythm, harm: Harm, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await wait(rhythm.minMs + random.uniform() * (rhythm.maxMs - rhythm.minMs), signal);
    const connection = proxy.connections[Math.floor(random.uniform() * proxy.connections.length)];
    if (connection === undefined) continue;
    if (random.uniform() * rhythm.cutsPerStall < 1) {
      harm.stalls += 1;
      connection.inject({ up: { frozen: true }, down: { frozen: true } });
      void wait(random.uniform() * rhythm.maxStallMs, signal).then(() => connection.inject({ up: NO_FAULTS, down: NO_FAULTS }));
    } else {
      void connection.closed.then(() => (harm.cuts += 1));
      cut(connection, random);
    }
  }
  // Of a cut on one side the other learns by a time-out alone, if it was the last.
  for (const connection of proxy.connections) connection.reset();
}

/** Of either side, or of both. */
const SIDES: readonly (ProxySide | undefined)[] = [undefined, 'client', 'target'];
/** So many bytes may pass before a cut, so that it falls within a message. */
const MOST_BYTES = 200_000;

function cut(connection: FaultConnection, random: Random): void {
  const oneOf = (count: number): number => Math.floor(random.uniform() * count);
  const side = SIDES[oneOf(SIDES.length)];
  const ways = [
    () => connection.up.inject({ cutAfterBytes: oneOf(MOST_BYTES) }),
    () => connection.down.inject({ cutAfterBytes: oneOf(MOST_BYTES) }),
    () => connection.reset(side),
    () => connection.end(side),
  ];
  ways[oneOf(ways.length)]?.();
}

/** Resolves after so long, or when `signal` fires. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

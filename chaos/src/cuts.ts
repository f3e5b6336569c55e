// A bad network: connections are cut at random, by a reset or an end, on one side or both, and stand still for a while.
import type { Random } from '@streams/protocol/internal';
import { type FaultConnection, type FaultProxy, NO_FAULTS } from '@streams/testkit';

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

/** Goes on until `signal` fires. */
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
}

function cut(connection: FaultConnection, random: Random): void {
  const side = [undefined, 'client', 'target'][Math.floor(random.uniform() * 3)] as 'client' | 'target' | undefined;
  // A cut may let some bytes pass, so that it falls within a message.
  if (random.uniform() < 0.5) connection.up.inject({ cutAfterBytes: Math.floor(random.uniform() * 200_000) });
  else if (random.uniform() < 0.5) connection.down.inject({ cutAfterBytes: Math.floor(random.uniform() * 200_000) });
  else if (random.uniform() < 0.5) connection.reset(side);
  else connection.end(side);
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

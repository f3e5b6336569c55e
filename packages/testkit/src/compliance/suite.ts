// The one suite that every kind of stream passes: in memory, over a WebSocket, through a hub, in a session.
import { describe } from 'vitest';
import { abortCases } from './aborts.ts';
import { backPressureCases } from './back-pressure.ts';
import { createBench } from './bench.ts';
import { chunkingCases } from './chunking.ts';
import { deathCases } from './deaths.ts';
import { halfCloseCases } from './half-close.ts';
import { orderCases } from './order.ts';
import type { MakePair } from './pair.ts';

/** Registers the suite for the streams that `makePair` joins; without `halfClose` the end of one direction ends both. */
export function streamCompliance(kind: string, makePair: MakePair, { halfClose = true }: { halfClose?: boolean } = {}): void {
  describe(`stream compliance: ${kind}`, () => {
    const bench = createBench(async () => ({ ...(await makePair()), halfClose }));
    orderCases(bench, halfClose);
    chunkingCases(bench);
    halfCloseCases(bench, halfClose);
    backPressureCases(bench);
    abortCases(bench);
    deathCases(bench, halfClose);
  });
}

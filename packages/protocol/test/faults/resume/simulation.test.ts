// I5: sessions over legs in memory, 500 seeds of them: SIMULATION_SEED=n plays the schedule of one seed again.
import { describe, expect, it } from 'vitest';
import { playSchedules } from '../../support/session-schedules.ts';

/** SIMULATION_SEEDS=10000 plays more. */
const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 500);
const ONE = process.env['SIMULATION_SEED'];
const COMMAND = 'TEST_SUITE=faults npx vitest run packages/protocol/test/faults/resume/simulation.test.ts';

describe('sessions under cuts, moves and stalls', () => {
  it(`I5 F12 ${ONE ?? `${SEEDS} seeds`}: every byte arrives once, and what is kept stays within the window`, {
    timeout: 20_000 + SEEDS * 100,
  }, async () => {
    const seeds = ONE === undefined ? Array.from({ length: SEEDS }, (_, index) => index + 1) : [Number(ONE)];
    let resumed = 0;
    for (const seed of seeds) {
      const played = await playSchedules({ seed, numRuns: 1 }).catch((error: unknown) => {
        throw new Error(`again: SIMULATION_SEED=${seed} ${COMMAND}`, { cause: error });
      });
      resumed += played.resumed;
    }
    expect(resumed).toBeGreaterThanOrEqual(seeds.length);
  });
});

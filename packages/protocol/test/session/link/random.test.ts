// Whatever happens to the legs, in whatever order: bytes arrive once and in order, and what is retained stays within the window.
import { describe, expect, it } from 'vitest';
import { playSchedules } from '../../support/session-schedules.ts';

/** TEST_SCHEDULES=9000 plays so many new ones, at some 4 ms each. */
const SCHEDULES = process.env['TEST_SCHEDULES'];

describe('any schedule of writes, cuts, moves and stalls', () => {
  it('keeps bytes and bounds', { timeout: 20_000 + Number(SCHEDULES ?? 0) * 20 }, async () => {
    const seed = SCHEDULES === undefined ? 5 : Math.floor(Math.random() * 2 ** 31);
    const { moved, resumed } = await playSchedules({ seed, numRuns: Number(SCHEDULES ?? 60) });
    expect([moved > 20, resumed > 60]).toEqual([true, true]);
  });
});

// Legs that die after any byte of their first 2 KiB. All 2,048 are in packages/service/test/soak; here is one of 32.
import { leakCheck } from '@streams/testkit';
import { afterAll, expect, it } from 'vitest';
import { cutEachLeg, MOST_MS, OUTCOMES } from '../../support/every-byte.ts';

const leaks = leakCheck();
afterAll(() => leaks.settled());

it.each(['up', 'down'] as const)(
  'E3 legs that are reset after so many bytes (%s): a typed error in time, or the whole stream',
  async (direction) => {
    const { outcomes, slowestMs } = await cutEachLeg({ direction, upToBytes: 2_048, stepBytes: 32 });
    console.log(`E3 ${direction}: ${JSON.stringify(outcomes)}, the slowest ${Math.round(slowestMs)} ms`);
    for (const outcome of Object.keys(outcomes)) {
      expect(outcome).toMatch(OUTCOMES);
    }
    expect(outcomes['whole at the end']).toBe(1);
    expect(slowestMs).toBeLessThan(MOST_MS);
  },
  60_000,
);

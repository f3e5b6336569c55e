// Legs that die after each byte of their first 2 KiB.
import { expect, it } from 'vitest';
import { cutEachLeg, MOST_MS, OUTCOMES } from '../support/every-byte.ts';

it.each(['up', 'down'] as const)(
  'E3 legs that are reset after each of 2,048 bytes (%s): a typed error in time, or the whole stream',
  async (direction) => {
    const { outcomes, slowestMs } = await cutEachLeg({ direction, upToBytes: 2_048, stepBytes: 1 });
    console.log(`E3 ${direction}: ${JSON.stringify(outcomes)}, the slowest ${Math.round(slowestMs)} ms`);
    for (const outcome of Object.keys(outcomes)) {
      expect(outcome).toMatch(OUTCOMES);
    }
    expect(slowestMs).toBeLessThan(MOST_MS);
  },
);

// retryDelayMs(): how long a device waits, in bounds and in distribution.
import { AuthenticationError, StreamsError } from '@streams/device';
import { seededRandom } from '@streams/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../../src/link/backoff.ts';
import { expectNoLeaks } from '../support/rig.ts';

expectNoLeaks();

const lost = new StreamsError('CONNECT_FAILED');
const SAMPLES = 20_000;

/** The greatest distance between the samples' distribution and the uniform one from 0 to `most` (Kolmogorov and Smirnov). */
function distanceFromUniform(samples: readonly number[], most: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return Math.max(...sorted.map((value, index) => Math.abs(value / most - (index + 0.5) / sorted.length)));
}

describe('retryDelayMs', () => {
  it.each([
    [1, 2_000],
    [2, 2_000],
    [3, 4_000],
    [4, 8_000],
    [5, 16_000],
    [6, 30_000],
    [7, 30_000],
    [1_000, 30_000],
    [1_000_000, 30_000],
  ])('E10 spreads the wait after setback %i evenly from 0 to %i ms', (attempt, most) => {
    const random = seededRandom(attempt);
    const delays = Array.from({ length: SAMPLES }, () => retryDelayMs(attempt, lost, random));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThan(most);
    // Fair samples of this number stay below 0.012 in 99 of 100 cases, and the seed is fixed.
    expect(distanceFromUniform(delays, most)).toBeLessThan(0.02);
  });

  it('draws the first wait from two seconds whatever the cause', () => {
    for (const code of ['CONNECT_FAILED', 'DRAINING', 'OVERLOADED', 'TLS_FAILED', 'INTERNAL', 'FORBIDDEN'] as const) {
      const random = seededRandom(7);
      const delays = Array.from({ length: 500 }, () => retryDelayMs(1, new StreamsError(code), random));
      expect(Math.max(...delays), code).toBeLessThan(2_000);
      expect(Math.max(...delays), code).toBeGreaterThan(1_900);
    }
  });

  it('E10 waits at least as long as the hub has asked, and no longer than the jitter where that is longer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 600_000 }), fc.integer(), (attempt, retryAfterMs, seed) => {
        const asked = new StreamsError('OVERLOADED', { retryAfterMs });
        const jitter = retryDelayMs(attempt, lost, seededRandom(seed));
        expect(retryDelayMs(attempt, asked, seededRandom(seed))).toBe(Math.max(retryAfterMs, jitter));
      }),
    );
  });

  it('waits five minutes where the credential is refused, whatever the attempt', () => {
    for (const attempt of [1, 2, 10]) expect(retryDelayMs(attempt, new AuthenticationError(), seededRandom(1))).toBe(300_000);
  });
});

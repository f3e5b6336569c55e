// The token bucket: never more than the rate and one burst, and never less for who waits as long as it is told.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Parties } from '../../src/streams/parties.ts';
import { TokenBucket } from '../../src/streams/token-bucket.ts';
import { LimitsInForce } from '../../src/config/limits-in-force.ts';

const rates = fc.record({ perSecond: fc.integer({ min: 1, max: 1_000 }), burst: fc.integer({ min: 1, max: 2_000 }) });
const gaps = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 });

describe('a token bucket', () => {
  it('gives at most a burst and what came back since, in every stretch of time', () => {
    fc.assert(
      fc.property(rates, gaps, (rate, gapsMs) => {
        let nowMs = 0;
        const bucket = new TokenBucket(rate, nowMs);
        const takenAtMs: number[] = [];
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          if (bucket.waitMs(rate, nowMs) > 0) continue;
          bucket.take(rate, nowMs);
          takenAtMs.push(nowMs);
        }
        for (const [first, fromMs] of takenAtMs.entries()) {
          const stretchMs = nowMs - fromMs;
          expect(takenAtMs.length - first).toBeLessThanOrEqual(rate.burst + (stretchMs / 1_000) * rate.perSecond + 1e-6);
        }
      }),
    );
  });

  it('remembers no more than a burst of a long pause', () => {
    const rate = { perSecond: 10, burst: 5 };
    const bucket = new TokenBucket(rate, 0);
    bucket.take(rate, 60_000, 6);
    expect(bucket.waitMs(rate, 60_000)).toBeCloseTo(200);
  });

  it('has a token for who waits as long as it is told, and not before', () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 0, max: 5_000 }), (rate, taken) => {
        const bucket = new TokenBucket(rate, 0);
        bucket.take(rate, 0, taken);
        const waitMs = bucket.waitMs(rate, 0);
        if (waitMs > 1) expect(bucket.waitMs(rate, waitMs - 1)).toBeGreaterThan(0);
        expect(bucket.waitMs(rate, waitMs + 1e-3)).toBe(0);
      }),
    );
  });
});

describe('parties', () => {
  it('are forgotten once they have nothing to be remembered for', () => {
    const parties = new Parties({ max: 'maxStreamsPerDevice', rate: 'newStreamsPerSecondPerDevice', who: 'the device' });
    const { current: limits } = new LimitsInForce({ newStreamsPerSecondPerDevice: 1 });
    for (let device = 0; device < 1_000; device += 1) parties.take(`d-${device}`, limits, 0);
    expect(parties.size).toBe(1_000);
    for (let stream = 0; stream < 1_000; stream += 1) parties.take('d-x', limits, 10_000);
    expect(parties.size).toBe(1);
    parties.count('d-x', 1);
    parties.count('d-x', -1);
    expect(parties.size).toBe(1);
  });
});

// seededRandom: the same seed, the same values; and values that look like chance.
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../src/index.ts';

describe('seededRandom', () => {
  it('repeats itself for one seed and differs for another', () => {
    const draw = (seed: number): unknown[] => {
      const random = seededRandom(seed);
      return [random.uniform(), random.bytes(13).toString('hex'), random.uniform()];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('gives as many bytes as are asked for', () => {
    for (const count of [0, 1, 3, 4, 5, 1_000]) expect(seededRandom(1).bytes(count)).toHaveLength(count);
  });

  it('spreads over bytes and over the unit interval', () => {
    const random = seededRandom(42);
    const bytes = random.bytes(100_000);
    const counts = Array.from({ length: 256 }, () => 0);
    for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
    // 391 of each are expected; five standard deviations are 99.
    expect(Math.min(...counts)).toBeGreaterThan(290);
    expect(Math.max(...counts)).toBeLessThan(490);
    const values = Array.from({ length: 10_000 }, () => random.uniform());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
  });
});

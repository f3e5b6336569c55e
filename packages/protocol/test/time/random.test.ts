// The machine's generator, and the ids made of it.
import { seededRandom } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { newId, type Random, systemRandom } from '../../src/time/random.ts';

describe('systemRandom', () => {
  it('gives as many bytes as asked for, and others each time', () => {
    for (const count of [0, 1, 16, 1_000]) expect(systemRandom.bytes(count)).toHaveLength(count);
    expect(systemRandom.bytes(32).equals(systemRandom.bytes(32))).toBe(false);
  });

  it('is uniform from 0 to 1, without 1', () => {
    const values = Array.from({ length: 10_000 }, () => systemRandom.uniform());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(new Set(values).size).toBeGreaterThan(9_990);
    const tenths = values.reduce<number[]>(
      (counts, value) => counts.with(Math.floor(value * 10), (counts[Math.floor(value * 10)] ?? 0) + 1),
      Array(10).fill(0),
    );
    // Ten standard deviations of a count of 1,000.
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(300);
  });
});

describe('newId', () => {
  it('is all of 128 bits, in base64url', () => {
    const ones: Random = { bytes: (count) => Buffer.alloc(count, 0xff), uniform: () => 0 };
    expect(newId(ones)).toBe('_____________________w');
    expect(Buffer.from(newId(seededRandom(1)), 'base64url')).toHaveLength(16);
  });

  it('is another one each time', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => newId(systemRandom))).size).toBe(1_000);
  });
});

// Failed logins per address: who is blocked, for how long, and that nobody else is.
import { FakeClock } from '@streams/testkit';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Penalties } from '../../src/auth/penalties.ts';
import { LimitsInForce } from '../../src/config/limits-in-force.ts';

const HOUR_MS = 3_600_000;
let nowMs: number;
let limits: LimitsInForce;
let penalties: Penalties;
beforeEach(() => renew());

function renew(): void {
  nowMs = 0;
  limits = new LimitsInForce({ maxFailedLoginsPerAddress: 5, failedLoginBlockMs: 10_000 });
  penalties = new Penalties(limits, Object.assign(new FakeClock(), { monotonicMs: () => nowMs }));
}

function fail(source: string, times: number): void {
  for (let time = 0; time < times; time += 1) penalties.failed(source, 'wrong-signature');
}

describe('an address', () => {
  it('is blocked after as many failures in a row as it may have, alone, and for a time', () => {
    fail('a', 4);
    expect(penalties.blockedMs('a')).toBe(0);
    fail('a', 1);
    expect(penalties.blockedMs('a')).toBe(10_000);
    expect(penalties.blockedMs('b')).toBe(0);
    nowMs = 10_000;
    expect(penalties.blockedMs('a')).toBe(0);
  });

  it('is blocked twice as long each further time, up to ten minutes; after an hour without failures as at first', () => {
    const blocks: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      fail('a', 5);
      blocks.push(penalties.blockedMs('a') / 1_000);
      nowMs += penalties.blockedMs('a');
    }
    expect(blocks).toEqual([10, 20, 40, 80, 160, 320, 600, 600]);
    nowMs += HOUR_MS;
    fail('a', 5);
    expect(penalties.blockedMs('a')).toBe(10_000);
  });

  it('is not blocked for longer by what was under way when its block began', () => {
    fail('a', 500);
    expect(penalties.blockedMs('a')).toBe(10_000);
    nowMs = 10_000;
    fail('a', 4);
    expect(penalties.blockedMs('a')).toBe(0);
  });

  it('never is, whose failures look like no guesses: a wrong clock, a disabled device, a missing credential', () => {
    for (const refusal of ['expired', 'missing', 'disabled', 'wrong-resource'] as const) {
      for (let time = 0; time < 100; time += 1) penalties.failed('a', refusal);
    }
    expect([penalties.blockedMs('a'), penalties.size]).toEqual([0, 0]);
  });

  it('never is, which is not to be limited, or where the limit was taken away', () => {
    for (let time = 0; time < 100; time += 1) penalties.failed(undefined, 'unknown');
    expect([penalties.blockedMs(undefined), penalties.size]).toEqual([0, 0]);
    fail('a', 5);
    limits.update({ maxFailedLoginsPerAddress: false });
    expect(penalties.blockedMs('a')).toBe(0);
    fail('b', 100);
    expect(penalties.blockedMs('b')).toBe(0);
  });

  it('never is, that fails no more than once a second after a burst that is allowed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1_000, max: 10_000 }), { maxLength: 100 }), (gapsMs) => {
        renew();
        fail('a', 4);
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          fail('a', 1);
          expect(penalties.blockedMs('a')).toBe(0);
        }
      }),
    );
  });
});

describe('whatever happens', () => {
  const steps = fc.array(fc.record({ source: fc.integer({ min: 0, max: 3 }), gapMs: fc.integer({ min: 0, max: 20_000 }) }), {
    maxLength: 300,
  });

  it('a block lasts ten minutes at most, begins with a failure, and counts for its address alone', () => {
    fc.assert(
      fc.property(steps, (all) => {
        renew();
        for (const { source, gapMs } of all) {
          nowMs += gapMs;
          const before = [0, 1, 2, 3].map((other) => penalties.blockedMs(String(other)));
          penalties.failed(String(source), 'unknown');
          const after = [0, 1, 2, 3].map((other) => penalties.blockedMs(String(other)));
          for (const other of [0, 1, 2, 3].filter((index) => index !== source)) expect(after[other]).toBe(before[other]);
          expect(after[source]).toBeLessThanOrEqual(600_000);
          if (before[source]) expect(after[source]).toBe(before[source]);
        }
      }),
    );
  });

  it('65,536 addresses are known at most: the one that failed longest ago makes room; those that are forgiven go by themselves', () => {
    fail('first', 5);
    for (let source = 0; source < 65_536; source += 1) fail(`s-${source}`, 1);
    expect(penalties.size).toBe(65_536);
    expect(penalties.blockedMs('first')).toBe(0);
    nowMs = 1_000;
    fail('last', 1);
    expect(penalties.size).toBe(1);
  });
});

// The window rule (R27): doubles while the path takes more, follows the rate then, shrinks on a queue, stays within its bounds.
import { describe, expect, it } from 'vitest';
import { firstWindow, nextWindow, type Round, type WindowState } from '../../../src/session/link/window.ts';

const KIB = 1_024;
const MAX = 8_192 * KIB;

function round(changes: Partial<Round>): Round {
  return { nowMs: 0, rttMs: 50, ackedBytes: 256 * KIB, inFlightBytes: 64 * KIB, limited: true, slackMs: 20, ...changes };
}

function after(state: WindowState, ...rounds: Partial<Round>[]): WindowState {
  return rounds.reduce((before, changes) => nextWindow(before, round(changes), MAX), state);
}

/** A window that follows the rate of a path: 1,000 bytes a millisecond at 50 ms. */
const steady: WindowState = {
  phase: 'steady',
  bytes: 400_000,
  bytesBeforeProbe: 400_000,
  minRttMs: 50,
  rate: 1_000,
  probedAtMs: 0,
};
const SAME_RATE: Partial<Round> = { rttMs: 60, ackedBytes: 60_000 };

describe('start', () => {
  it('begins with 256 KiB, or with the limit where that is less', () => {
    expect([firstWindow(MAX, 0).bytes, firstWindow(64 * KIB, 0).bytes]).toEqual([262_144, 65_536]);
  });

  it('doubles with each full round that shows no queue, up to the limit', () => {
    expect([1, 2, 3, 4, 5, 6].map((rounds) => after(firstWindow(MAX, 0), ...Array.from({ length: rounds }, () => ({}))).bytes)).toEqual(
      [512, 1_024, 2_048, 4_096, 8_192, 8_192].map((size) => size * KIB),
    );
  });

  it('stays where the window did not hold it back', () => expect(after(firstWindow(MAX, 0), { limited: false }).bytes).toBe(262_144));

  it('stays on a small queue, and leaves on one of a round trip and the slack', () => {
    const first = after(firstWindow(MAX, 0), { rttMs: 50 });
    // 50/4 + 20/2 = 22.5 ms of queue are fine; 50 + 20 ms are the end of the start.
    expect(after(first, { rttMs: 72 })).toMatchObject({ phase: 'start', bytes: 1_024 * KIB });
    expect(after(first, { rttMs: 73 })).toMatchObject({ phase: 'start', bytes: 512 * KIB });
    expect(after(first, { rttMs: 120 })).toMatchObject({ phase: 'start', bytes: 512 * KIB });
    expect(after(first, { rttMs: 121 })).toMatchObject({ phase: 'steady', bytes: 512 * KIB });
  });
});

describe('steady', () => {
  it('follows the rate: two round trips and the slack', () => {
    const fast = { ...steady, rate: 2_000 };
    const same = { rttMs: 60, ackedBytes: 120_000 };
    expect(after(fast, same).bytes).toBe(2_000 * (2 * 50 + 20));
    expect(after(fast, { ...same, slackMs: 2 }).bytes).toBe(2_000 * (2 * 50 + 2));
    expect(after(steady, { ...SAME_RATE, slackMs: 2 }).bytes).toBe(131_072);
  });

  it('smooths the rate by a quarter', () => expect(after(steady, { rttMs: 50, ackedBytes: 100_000 }).rate).toBe(1_250));

  it('at most doubles in a round', () => expect(after({ ...steady, bytes: 150_000, rate: 100_000 }, SAME_RATE).bytes).toBe(300_000));

  it('not held back: shrinks on a queue (mistake 8), and never grows', () => {
    const queue = { rttMs: 121, ackedBytes: 121_000, limited: false };
    expect(after(steady, queue).bytes).toBe(131_072);
    expect(after({ ...steady, bytes: 140_000, rate: 10_000 }, queue).bytes).toBe(140_000);
    expect(after(steady, { ...queue, rttMs: 120, ackedBytes: 120_000 }).bytes).toBe(400_000);
  });

  it('stays within 128 KiB and the limit, whatever the clock says', () => {
    for (const rttMs of [0, 0.001, 1, 1e6]) {
      for (const ackedBytes of [0, 1, MAX]) {
        const { bytes } = after(steady, { rttMs, ackedBytes }, { rttMs, ackedBytes }, { rttMs, ackedBytes, limited: false });
        expect([bytes >= 131_072, bytes <= MAX]).toEqual([true, true]);
      }
    }
    expect(nextWindow(firstWindow(64 * KIB, 0), round({}), 64 * KIB).bytes).toBe(65_536);
  });
});

describe('probe', () => {
  const probing = after(steady, { ...SAME_RATE, nowMs: 10_000 });

  it('every 10 s of a full path one round at three quarters of it, to see it empty', () => {
    const fast = { ...steady, rate: 10_000 };
    const full = { rttMs: 60, ackedBytes: 600_000 };
    expect(after(fast, { ...full, nowMs: 9_999 }).phase).toBe('steady');
    expect(after(fast, { ...full, nowMs: 10_000 })).toMatchObject({ phase: 'probe', bytes: 375_000, bytesBeforeProbe: 800_000 });
  });

  it('takes the round trip that it sees, shorter or longer, and returns to its window', () => {
    expect(after(probing, { rttMs: 80, nowMs: 10_080 })).toMatchObject({
      phase: 'steady',
      minRttMs: 80,
      bytes: probing.bytesBeforeProbe,
      probedAtMs: 10_080,
    });
  });

  it('waits for a round that began with no more under way than it allows', () => {
    expect(after(probing, { inFlightBytes: 131_072 + 131_073 }).phase).toBe('probe');
    expect(after(probing, { inFlightBytes: 131_072 + 131_072 }).phase).toBe('steady');
  });
});

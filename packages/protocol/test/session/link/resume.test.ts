// No byte is lost, doubled or swapped, wherever the legs are cut, and the memory stays within the window.
import { seededRandom } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { ROLES, SessionRig } from '../../support/session-rig.ts';

const KIB = 1_024;

describe('without a cut', () => {
  it('1 MiB each way arrives, and both ends are clean', async () => {
    const rig = new SessionRig({ bytes: { service: 1_024 * KIB, device: 1_024 * KIB } });
    rig.connect();
    await rig.finish();
    for (const role of ROLES) expect(rig.events[role]).toEqual(['up', 'closed clean', 'released']);
  });
});

describe('cut at every message', () => {
  const windows = [64 * KIB, 256 * KIB, 8_192 * KIB];
  const cases = windows.flatMap((maxWindowBytes) => (['cut', 'cut-behind'] as const).map((fate) => ({ maxWindowBytes, fate })));

  it.each(cases)('$fate, window $maxWindowBytes', async ({ maxWindowBytes, fate }) => {
    let messages = Number.POSITIVE_INFINITY;
    for (let at = 1; at <= messages; at += 1) {
      let seen = 0;
      const rig = new SessionRig({
        bytes: { service: 300 * KIB, device: 300 * KIB },
        link: { maxWindowBytes },
        watch: () => (++seen === at ? fate : 'pass'),
      });
      rig.connect();
      await rig.finish();
      if (seen < at) messages = seen;
    }
    expect(messages).toBeGreaterThan(15);
  });
});

describe('cut at random', () => {
  it.each([64 * KIB, 1_024 * KIB])('window %i', async (maxWindowBytes) => {
    const random = seededRandom(maxWindowBytes);
    let cuts = 0;
    for (let round = 0; round < 120; round += 1) {
      const rig = new SessionRig({ seed: round, bytes: { service: 800 * KIB, device: 500 * KIB }, link: { maxWindowBytes } });
      for (const role of ROLES) rig.tapes[role].nextSize = () => 1 + Math.floor(random.uniform() ** 3 * 60_000);
      let left = Math.floor(random.uniform() * 30);
      rig.watch = () => {
        left -= 1;
        if (left > 0) return 'pass';
        left = Math.floor(random.uniform() * 30);
        cuts += 1;
        return random.uniform() < 0.5 ? 'cut' : 'cut-behind';
      };
      rig.connect();
      await rig.finish();
      expect(rig.peakRetainedBytes).toBeLessThanOrEqual(maxWindowBytes + 65_544);
    }
    expect(cuts).toBeGreaterThan(1_000);
  });
});

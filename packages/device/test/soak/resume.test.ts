// Sessions under fire for ten minutes, and a long transfer through a small window.
import { expect, it } from 'vitest';
import { throughALongPath, underFire } from '../support/under-fire.ts';

const MINUTES = 10;

it.each([65_536, 8_388_608])(
  `I5 a session with a window of %i bytes whose legs are cut every 20 to 500 ms for ${MINUTES / 2} minutes carries every byte once`,
  async (maxReplayBytes) => {
    const report = await underFire({ maxReplayBytes, durationMs: (MINUTES / 2) * 60_000, minMs: 20, maxMs: 500 });
    console.log(`I5: ${report.resumes} resumes, ${(report.bytes / 2 ** 20).toFixed(1)} MiB each way`);
    expect(report.resumes).toBeGreaterThan(500);
    expect(report.received).toBe(report.sent);
    expect(report.outcome).toMatchObject({ clean: true });
  },
);

it('I6 64 MiB through a window of 64 KiB and 200 ms arrive', async () => {
  const report = await throughALongPath({ maxReplayBytes: 65_536, bytes: 64 * 2 ** 20, roundTripMs: 200 });
  console.log(`I6: ${(report.bytes / 2 ** 20).toFixed(1)} MiB in ${(report.tookMs / 1_000).toFixed(1)} s`);
  expect(report.events).toEqual([]);
  expect(report.received).toBe(report.sent);
});

// A session whose legs are cut again and again, on the machine's own time; and one whose window is small for the length of its path.
import { expect, it } from 'vitest';
import { throughALongPath, underFire } from '../../support/under-fire.ts';

it.each([65_536, 8_388_608])(
  'I5 a session with a window of %i bytes whose legs are cut every 20 to 100 ms carries every byte once, both ways',
  async (maxReplayBytes) => {
    const report = await underFire({ maxReplayBytes, durationMs: 4_000, minMs: 20, maxMs: 100 });
    console.log(`I5: ${report.resumes} resumes, ${(report.bytes / 2 ** 20).toFixed(1)} MiB each way`);
    expect(report.resumes).toBeGreaterThan(5);
    expect(report.received).toBe(report.sent);
    expect(report.outcome).toMatchObject({ clean: true });
  },
  60_000,
);

it('I6 a full window stops the sender and nothing else: 1 MiB through one of 64 KiB and 200 ms', async () => {
  const report = await throughALongPath({ maxReplayBytes: 65_536, bytes: 2 ** 20, roundTripMs: 200 });
  console.log(`I6: ${(report.bytes / 2 ** 20).toFixed(1)} MiB in ${Math.round(report.tookMs)} ms`);
  expect(report.events).toEqual([]);
  expect(report.received).toBe(report.sent);
  // Not a window more than one in each round trip: it was full all the time.
  expect(report.tookMs).toBeGreaterThan((report.bytes / (2 * 65_536)) * 200 * 0.5);
}, 60_000);

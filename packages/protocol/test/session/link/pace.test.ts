// When a link asks for an ACK, and what becomes of its window.
import { FakeClock } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { Pace } from '../../../src/session/link/pace.ts';
import { encodeAck } from '../../../src/wire/session-messages.ts';
import { LinkBench } from '../../support/session-peer.ts';

const KIB = 1_024;

describe('asking', () => {
  it('each quarter of the window, and when it is full', () => {
    const pace = new Pace(new FakeClock(0), 256 * KIB);
    expect([pace.mustAsk(64 * KIB - 1, 0), pace.mustAsk(64 * KIB, 0)]).toEqual([false, true]);
    pace.asked(255 * KIB, 0);
    expect([pace.mustAsk(256 * KIB - 1, 0), pace.mustAsk(256 * KIB, 0)]).toEqual([false, true]);
  });

  it('each 512 KiB of a large one, lest a long path wait for it', async () => {
    const clock = new FakeClock(0);
    const pace = new Pace(clock, 4_096 * KIB);
    for (let end = 0; pace.windowBytes < 4_096 * KIB; ) {
      pace.asked((end += pace.windowBytes), end);
      pace.full(end);
      await clock.advance(10);
      pace.acked(end);
    }
    const end = 10_000 * KIB;
    pace.asked(end, end);
    expect([pace.mustAsk(end + 512 * KIB - 1, end), pace.mustAsk(end + 512 * KIB, end)]).toEqual([false, true]);
  });

  it('anew on a new leg, for an ACK that was asked for on the one that was lost', () => {
    const pace = new Pace(new FakeClock(0), 256 * KIB);
    pace.asked(100, 0);
    expect(pace.full(100)).toBe(false);
    pace.restart(50);
    expect(pace.full(100)).toBe(true);
  });

  it('with an empty message where a new path has a smaller window than what comes again, once for each leg', async () => {
    const rig = new LinkBench(0);
    const first = await rig.up();
    rig.tape.total = 256 * KIB;
    rig.link.wake();
    await rig.turns();
    first.say(encodeAck(rig.link.stats().bytesSent));
    await rig.turns();
    expect(rig.link.stats().windowBytes).toBe(512 * KIB);
    // A quarter of it is 128 KiB: of ten messages of 40 KiB the fourth and the eighth ask.
    rig.tape.nextSize = () => 40 * KIB;
    rig.tape.total += 400 * KIB;
    rig.link.wake();
    await rig.turns();
    rig.tape.total += 40 * KIB;
    first.leg.terminate();
    await rig.turns();
    for (let leg = 0; leg < 2; leg += 1) {
      const next = await rig.up(256 * KIB);
      expect(rig.link.stats().windowBytes).toBe(256 * KIB);
      expect(next.lines.filter((line) => line.endsWith('ask'))).toEqual([
        `frames ${(256 + 120) * KIB}+${40 * KIB} ask`,
        `frames ${(256 + 280) * KIB}+${40 * KIB} ask`,
        `frames ${(256 + 400) * KIB}+0 ask`,
      ]);
      next.leg.terminate();
      await rig.turns();
    }
  });
});

describe('the window', () => {
  it('doubles from leg to ACK while it is full', async () => {
    const rig = new LinkBench(4_096 * KIB);
    const hand = await rig.up();
    const sizes = [rig.link.stats().windowBytes];
    for (let round = 0; round < 3; round += 1) {
      hand.say(encodeAck(rig.link.stats().bytesSent));
      await rig.turns();
      sizes.push(rig.link.stats().windowBytes);
    }
    expect(sizes).toEqual([256, 512, 1_024, 2_048].map((size) => size * KIB));
  });

  /** The window after two full rounds of 10 and 16 ms; a quiet channel has written so long before the end of the second. */
  async function windowAfter(quietMsAgo: number): Promise<number> {
    const clock = new FakeClock(0);
    const pace = new Pace(clock, 8_192 * KIB);
    const round = async (end: number, rttMs: number): Promise<void> => {
      pace.asked(end, end - 256 * KIB);
      pace.full(end);
      await clock.advance(rttMs);
      pace.acked(end);
    };
    await round(256 * KIB, 10);
    pace.quiet();
    await clock.advance(quietMsAgo - 16);
    await round(512 * KIB, 16);
    return pace.windowBytes / KIB;
  }

  it('takes no queue of 6 ms for an empty path in the second after a quiet channel has written', async () => {
    expect([await windowAfter(16), await windowAfter(999), await windowAfter(1_000)]).toEqual([512, 512, 1_024]);
  });

  it('shows the shortest round trip, once there was one', async () => {
    const rig = new LinkBench(4_096 * KIB);
    const hand = await rig.up();
    expect(rig.link.stats().minRttMs).toBeUndefined();
    await rig.clock.advance(30);
    hand.say(encodeAck(rig.link.stats().bytesSent));
    await rig.turns();
    expect(rig.link.stats().minRttMs).toBe(30);
  });
});

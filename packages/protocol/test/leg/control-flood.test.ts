// Pings and pongs: as many as an honest peer sends in its worst hour, and not many more.
import { FakeClock, OPCODE } from '@streams/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ControlFlood } from '../../src/leg/control-flood.ts';
import { CONTROL_FRAME_BURST, CONTROL_FRAMES_PER_SECOND } from '../../src/wire/limits.ts';
import { endOf } from '../support/legs.ts';
import { WsBench } from '../support/ws-pair.ts';

describe('control frames', () => {
  it('may come 100 at once, and 20 a second for ever', async () => {
    const clock = new FakeClock();
    const flood = new ControlFlood(clock);
    for (let frame = 0; frame < 100; frame += 1) expect(flood.add()).toBe(false);
    for (let second = 0; second < 10; second += 1) {
      await clock.advance(1_000);
      for (let frame = 0; frame < 20; frame += 1) expect(flood.add()).toBe(false);
    }
    expect(flood.add()).toBe(true);
  });

  it('never come faster than that, whatever the pattern', async () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(gaps, async (gapsMs) => {
        let nowMs = 0;
        const flood = new ControlFlood(Object.assign(new FakeClock(), { monotonicMs: () => nowMs }));
        let passed = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          if (flood.add()) break;
          passed += 1;
        }
        expect(passed).toBeLessThanOrEqual(CONTROL_FRAME_BURST + (nowMs / 1_000) * CONTROL_FRAMES_PER_SECOND);
      }),
      { numRuns: 50 },
    );
  });

  it('that piled up while nothing was read are no flood', async () => {
    const clock = new FakeClock();
    const flood = new ControlFlood(clock);
    flood.reading(false);
    // A client that is paused too probes once a second, for an hour.
    await clock.advance(3_600_000);
    flood.reading(true);
    for (let frame = 0; frame < 3_600 + 240; frame += 1) expect(flood.add()).toBe(false);
  });

  it('too many of them end the leg: 1008, and not as an end of the peer’s own', async () => {
    const bench = WsBench.forTest();
    let floods = 0;
    const [peer, { leg }] = await bench.rawPair({ onFlood: () => (floods += 1) });
    const ended = endOf(leg);
    leg.resume();
    for (let frame = 0; frame < 150; frame += 1) peer.writeFrame({ opcode: frame % 2 ? OPCODE.ping : OPCODE.pong });
    expect(await peer.readClose()).toEqual({ code: 1008, reason: 'FLOOD;retry=0' });
    peer.end();
    expect(await ended).toMatchObject({ violation: true });
    expect(floods).toBe(1);
  });
});

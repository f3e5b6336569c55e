// Unlucky peers: legs that die at the worst moment, ACKs that do not come, ends that are lost, machines that sleep.
import { describe, expect, it } from 'vitest';
import { encodeAck } from '../../../src/wire/session-messages.ts';
import { FakeClock } from '@streams/testkit';
import { framesMessage, LinkBench } from '../../support/session-peer.ts';
import { patternBytes, ROLES, SessionRig } from '../../support/session-rig.ts';

const KIB = 1_024;

describe('the first legs die early', () => {
  it.each(ROLES)('only the %s has seen HELLO: the session resumes all the same (R12)', async (informed) => {
    const rig = new SessionRig({ bytes: { service: 50 * KIB, device: 50 * KIB } });
    let told = false;
    rig.watch = (_, from) => {
      if (rig.wires.length > 1) return 'pass';
      if (from === informed || told) return 'drop';
      told = true;
      return 'cut-behind';
    };
    rig.connect();
    await rig.until(() => rig.wires.length > 1);
    expect(rig.tapes[informed].peer).toBeDefined();
    expect(rig.tapes[informed === 'service' ? 'device' : 'service'].peer).toBeUndefined();
    await rig.finish();
  });

  it('one end has had two legs and the other one: the early frames of its first are taken', async () => {
    const rig = new SessionRig({ bytes: { service: 1_000, device: 1_000 }, redials: false });
    const lost = rig.connect(['service']);
    await rig.turns();
    lost.cutBoth();
    await rig.turns();
    rig.connect();
    await rig.finish();
    expect(rig.events.device).toEqual(['up', 'closed clean', 'released']);
  });

  it('frames that went out before the leg died go out again, from the start', async () => {
    const rig = new LinkBench(40_000);
    (await rig.dial()).leg.terminate();
    await rig.turns();
    const second = await rig.up();
    expect(second.lines).toEqual(['hello', 'proof 0', 'frames 0+16376', 'frames 16376+16376', 'frames 32752+7248']);
  });
});

describe('resume positions (mistake 2)', () => {
  /** A link that has sent 300 and 200 bytes, 300 of which are acknowledged, and has lost its leg. */
  async function suspended(): Promise<LinkBench> {
    const rig = new LinkBench(300);
    const hand = await rig.up();
    hand.say(encodeAck(300));
    await rig.turns();
    rig.tape.total = 500;
    rig.link.wake();
    await rig.turns();
    hand.leg.terminate();
    await rig.turns();
    return rig;
  }

  it.each([300, 500])('%i is one', async (position) => {
    const rig = await suspended();
    const hand = await rig.up(position);
    expect(hand.lines).toEqual(['hello', 'proof 0', ...(position === 300 ? ['frames 300+200'] : [])]);
    expect([rig.link.state, rig.link.stats().retainedBytes]).toEqual(['open', 500 - position]);
  });

  it.each([0, 299, 301, 499, 501, 2 ** 48 - 1])('%i is none: older than what is kept, inside a message, never sent', async (position) => {
    const rig = await suspended();
    const hand = await rig.up(position);
    expect([hand.lines.at(-1), hand.end?.code]).toEqual(['fail 5', 4411]);
    expect(rig.outcome).toMatchObject({ failure: { code: 'RESUME_IMPOSSIBLE' }, bytesAcked: 300, bytesUnacked: 200 });
  });

  it('a position older than an empty buffer is none', async () => {
    const rig = new LinkBench(300);
    const hand = await rig.up();
    hand.say(encodeAck(300));
    await rig.turns();
    hand.leg.terminate();
    await rig.turns();
    expect(rig.link.stats().retainedBytes).toBe(0);
    await rig.up(0);
    expect(rig.outcome?.failure?.code).toBe('RESUME_IMPOSSIBLE');
  });
});

describe('ACK withheld', () => {
  it('I6 fills the window and one message, stops there, fails nothing, and goes on with the ACK', async () => {
    const rig = new LinkBench(1_024 * KIB, { maxWindowBytes: 64 * KIB });
    const hand = await rig.up();
    await rig.clock.advance(60_000);
    const { retainedBytes, bytesSent } = rig.link.stats();
    expect([retainedBytes >= 64 * KIB, retainedBytes <= 64 * KIB + 65_544, rig.outcome]).toEqual([true, true, undefined]);
    expect(hand.lines.findLast((line) => line.startsWith('frames'))).toContain(' ask');
    hand.say(encodeAck(bytesSent));
    await rig.turns();
    expect(rig.link.stats().bytesSent).toBeGreaterThan(bytesSent);
  });

  it('the window is exact where messages divide it', async () => {
    const rig = new LinkBench(1_024 * KIB, { maxWindowBytes: 64 * KIB });
    rig.tape.nextSize = () => 8 * KIB;
    await rig.up();
    expect(rig.link.stats().retainedBytes).toBe(64 * KIB);
  });

  it('an ACK for which the leg has no room goes out when it has', async () => {
    const rig = new LinkBench(1_024 * KIB);
    const hand = await rig.up();
    hand.leg.pause();
    hand.say(encodeAck(rig.link.stats().bytesSent));
    await rig.turns();
    hand.say(framesMessage(0, patternBytes(0, 10), true));
    await rig.turns();
    expect((rig.legs[0]?.bufferedBytes ?? 0) + 65_552).toBeGreaterThan(262_144);
    hand.leg.resume();
    await rig.turns();
    expect(hand.lines).toContain('ack 10');
  });

  it('a full window still answers, and still reads', async () => {
    const rig = new LinkBench(1_024 * KIB, { maxWindowBytes: 64 * KIB });
    const hand = await rig.up();
    hand.say(Uint8Array.of(5, 1));
    hand.say(framesMessage(0, patternBytes(0, 100), true));
    await rig.turns();
    expect(hand.lines.slice(-2)).toEqual(['pong', 'ack 100']);
  });

  it('is not our way: at once where it is asked for, else within 200 ms', async () => {
    const rig = new LinkBench();
    const hand = await rig.up();
    hand.say(framesMessage(0, patternBytes(0, 100)));
    await rig.turns();
    await rig.clock.advance(199);
    expect(hand.lines).not.toContain('ack 100');
    hand.say(framesMessage(100, patternBytes(100, 50)));
    await rig.turns();
    await rig.clock.advance(1);
    expect(hand.lines.at(-1)).toBe('ack 150');
    hand.say(framesMessage(150, patternBytes(150, 50), true));
    await rig.turns();
    expect([hand.lines.at(-1), rig.clock.pendingTimers]).toEqual(['ack 200', 0]);
  });

  it('is asked for each quarter of the window', async () => {
    const rig = new LinkBench(0, { maxWindowBytes: 1_000 * KIB });
    const hand = await rig.up();
    // Each message has 40 bytes: a quarter of the first window of 256 KiB is 64 KiB, so 1,639 of them.
    rig.tape.nextSize = () => 40;
    rig.tape.total = 2_000 * 40;
    rig.link.wake();
    await rig.turns(200);
    const asking = hand.lines.filter((line) => line.startsWith('frames')).flatMap((line, index) => (line.endsWith('ask') ? [index] : []));
    expect(asking).toEqual([1_638]);
  });

  it('one that got lost with its leg is made up for by the next PROOF', async () => {
    const rig = new SessionRig({ bytes: { service: 400 * KIB }, link: { maxWindowBytes: 64 * KIB } });
    let cuts = 0;
    rig.watch = (message, from) => (from === 'device' && message[0] === 4 && cuts++ < 3 ? 'cut' : 'pass');
    rig.connect();
    await rig.finish();
    expect(cuts).toBeGreaterThan(3);
  });
});

describe('no new leg', () => {
  it('the session ends when the resume time is over, with a typed error that says what arrived', async () => {
    const rig = new LinkBench(300, { resumeTimeoutMs: 30_000 });
    (await rig.up()).leg.terminate();
    await rig.turns();
    await rig.clock.advance(29_999);
    expect(rig.link.state).toBe('suspended');
    await rig.clock.advance(1);
    expect(rig.outcome).toMatchObject({ failure: { code: 'RESUME_TIMEOUT' }, bytesAcked: 0, bytesUnacked: 300 });
    expect(rig.outcome?.failure?.message).toBe('the leg was lost (1006), and none took its place within 30000 ms');
    const late = await rig.dial();
    expect([late.end?.code, rig.clock.pendingTimers]).toEqual([4411, 0]);
  });

  it('the shorter of both resume times counts', async () => {
    const rig = new LinkBench();
    const hand = await rig.dial();
    hand.sayHello({ resumeSeconds: 2 });
    hand.sayProof();
    await rig.turns();
    hand.leg.terminate();
    await rig.turns();
    await rig.clock.advance(2_000);
    expect(rig.outcome?.failure?.code).toBe('RESUME_TIMEOUT');
  });

  it('a resume time of 0 ends it with its leg', async () => {
    const rig = new LinkBench(0, { resumeTimeoutMs: 0 });
    (await rig.up()).leg.terminate();
    await rig.turns();
    expect(rig.events).toEqual(['up', 'closed RESUME_TIMEOUT', 'released']);
  });

  it('each leg that comes to nothing makes it want another, and none makes the time longer', async () => {
    const rig = new LinkBench(0, { resumeTimeoutMs: 30_000 });
    (await rig.up()).leg.terminate();
    for (let i = 0; i < 3; i += 1) {
      const hand = await rig.dial();
      await rig.clock.advance(9_000);
      hand.leg.terminate();
      await rig.turns();
    }
    expect(rig.events).toEqual(['up', 'suspended 1006', 'wanted 1006', 'wanted 1006', 'wanted 1006', 'wanted 1006']);
    await rig.clock.advance(3_000);
    expect(rig.outcome?.failure?.code).toBe('RESUME_TIMEOUT');
  });
});

describe('sleep and wake', () => {
  it('a device that slept less than the resume time goes on', async () => {
    const asleep = new FakeClock(0);
    const rig = new SessionRig({ bytes: { service: 900 * KIB, device: 900 * KIB }, device: { clock: asleep }, redials: false });
    rig.connect();
    await rig.turns(8);
    rig.wire.cutBoth();
    asleep.jumpWall(100_000);
    await rig.clock.advance(100_000);
    rig.redials = true;
    rig.connect();
    await rig.finish();
    expect(rig.events.service).toContain('resumed');
  });

  it('one that slept longer finds its session gone', async () => {
    const asleep = new FakeClock(0);
    const rig = new SessionRig({ device: { clock: asleep }, redials: false });
    rig.connect();
    await rig.turns();
    rig.wire.cutBoth();
    await rig.turns();
    await rig.clock.advance(120_000);
    expect(rig.outcomes.service?.failure?.code).toBe('RESUME_TIMEOUT');
    rig.connect();
    await rig.turns();
    expect(rig.links.device.state).toBe('suspended');
    await asleep.advance(120_000);
    expect(rig.outcomes.device?.failure?.code).toBe('RESUME_TIMEOUT');
  });

  it('somebody who sets the clock disturbs nothing', async () => {
    const rig = new LinkBench(0, { resumeTimeoutMs: 30_000 });
    (await rig.up()).leg.terminate();
    rig.clock.jumpWall(86_400_000);
    await rig.clock.advance(1_000);
    await rig.up();
    expect(rig.events.at(-1)).toBe('resumed');
  });
});

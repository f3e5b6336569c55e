// Make before break: a new leg says HELLO while the old one still carries, and takes over in one round trip (R14).
import { describe, expect, it } from 'vitest';
import type { Leg } from '../../../src/leg/leg.ts';
import { encodeAck, encodeDrain } from '../../../src/wire/session-messages.ts';
import { framesMessage, type HandLeg, LinkBench } from '../../support/session-peer.ts';
import { patternBytes, ROLES, SessionRig } from '../../support/session-rig.ts';

const KIB = 1_024;

/** A leg that has brought 100 bytes, and a newer one on which both have said HELLO. */
async function meetBesideOld(): Promise<{ rig: LinkBench; old: HandLeg; next: HandLeg }> {
  const rig = new LinkBench();
  const old = await rig.up();
  old.say(framesMessage(0, patternBytes(0, 100)));
  await rig.turns();
  const next = await rig.dial();
  next.sayHello({ epoch: 2 });
  await rig.turns();
  return { rig, old, next };
}

describe('a new leg beside one that carries', () => {
  it('takes over without a pause that anybody is told of, and the old one is closed with 4409', async () => {
    const rig = new LinkBench(300);
    const old = await rig.up();
    const next = await rig.up(300);
    expect([next.lines, old.end?.code]).toEqual([['hello', 'proof 0'], 4409]);
    expect([rig.events, rig.link.stats().resumes]).toEqual([['up', 'moved'], 1]);
  });

  it('sending PROOF, we stop reading the old one: PROOF says where the new one begins', async () => {
    const { rig, old, next } = await meetBesideOld();
    old.say(framesMessage(100, patternBytes(100, 100)));
    await rig.turns();
    expect([next.lines.at(-1), rig.tape.received]).toEqual(['proof 100', 100]);
    next.sayProof();
    next.say(framesMessage(100, patternBytes(100, 50)));
    await rig.turns();
    expect([rig.tape.received, rig.outcome]).toEqual([150, undefined]);
  });

  it('our frames go on over the old one until the peer has proven itself, and those that it has missed come again', async () => {
    const rig = new LinkBench(100);
    const old = await rig.up();
    old.say(encodeAck(100));
    const next = await rig.dial();
    next.sayHello({ epoch: 2 });
    rig.tape.total = 250;
    rig.link.wake();
    await rig.turns();
    expect(old.lines.at(-1)).toBe('frames 100+150');
    next.sayProof(100);
    await rig.turns();
    expect(next.lines).toEqual(['hello', 'proof 0', 'frames 100+150']);
  });

  it.each(['goes', 'says nothing for 10 s'])('if it %s instead of PROOF, the old one is read on from where it stood', async (how) => {
    const rig = new LinkBench();
    const old = await rig.up();
    const next = await rig.dial();
    next.sayHello({ epoch: 2 });
    await rig.turns();
    for (let at = 0; at < 300; at += 100) old.say(framesMessage(at, patternBytes(at, 100)));
    await rig.turns();
    // Not read, so that nothing piles up here.
    expect([rig.tape.received, old.leg.bufferedBytes]).toEqual([0, 3 * 108]);
    if (how === 'goes') next.leg.terminate();
    else await rig.clock.advance(10_000);
    await rig.turns();
    expect([rig.tape.received, rig.events]).toEqual([300, ['up']]);
  });

  it('messages that the old one had read before it stopped are held, and taken in order', async () => {
    const rig = new LinkBench();
    const old = await rig.up();
    const [reading] = rig.legs as [Leg];
    // As a WebSocket, which hands over what has come in one piece.
    reading.pause = () => undefined;
    const next = await rig.dial();
    next.sayHello({ epoch: 2 });
    await rig.turns();
    for (let at = 0; at < 300; at += 100) old.say(framesMessage(at, patternBytes(at, 100)));
    await rig.turns();
    expect(rig.tape.received).toBe(0);
    next.leg.terminate();
    await rig.turns();
    expect([rig.tape.received, rig.events]).toEqual([300, ['up']]);
  });

  it('an ACK that was due when it came is not forgotten when it goes', async () => {
    const { rig, old, next } = await meetBesideOld();
    next.leg.terminate();
    await rig.turns();
    await rig.clock.advance(200);
    expect(old.lines.at(-1)).toBe('ack 100');
  });

  it('a PROOF that an ACK has overtaken is of a leg that the peer has given up: the old one goes on', async () => {
    const rig = new LinkBench(300);
    const old = await rig.up();
    const next = await rig.dial();
    old.say(encodeAck(300));
    await rig.turns();
    next.sayHello({ epoch: 2 });
    next.sayProof(0);
    old.say(framesMessage(0, patternBytes(0, 10)));
    await rig.turns();
    expect([next.end?.code, old.end, rig.tape.received, rig.events]).toEqual([4409, undefined, 10, ['up']]);
  });

  it('if the old one dies while the new one is being proven, nothing is suspended', async () => {
    const rig = new LinkBench();
    const old = await rig.up();
    const next = await rig.dial();
    next.sayHello({ epoch: 2 });
    await rig.turns();
    old.leg.terminate();
    await rig.turns();
    next.sayProof();
    await rig.turns();
    expect([rig.events, rig.link.state]).toEqual([['up', 'moved'], 'open']);
  });

  it('legs that meet in another order at either end: one of them stays, or a third one', async () => {
    const rig = new SessionRig({ bytes: { service: 200 * KIB, device: 200 * KIB } });
    rig.connect();
    await rig.turns(2);
    const [second, third] = [rig.connect(['service']), rig.connect(['service'])];
    third.hold('device');
    rig.links.device.attach(third.ends.device);
    rig.links.device.attach(second.ends.device);
    await rig.turns(3);
    third.goOn('device');
    await rig.finish();
  });
});

describe('moved at every message', () => {
  it.each([64 * KIB, 8_192 * KIB])('window %i', async (maxWindowBytes) => {
    let messages = Number.POSITIVE_INFINITY;
    for (let at = 1; at <= messages; at += 1) {
      let seen = 0;
      const rig = new SessionRig({ bytes: { service: 300 * KIB, device: 300 * KIB }, link: { maxWindowBytes } });
      rig.watch = () => {
        seen += 1;
        if (seen === at) rig.connect();
        return 'pass';
      };
      rig.connect();
      await rig.finish();
      for (const role of ROLES) expect(rig.events[role].join()).not.toContain('suspended');
      if (seen < at) messages = seen;
    }
    expect(messages).toBeGreaterThan(15);
  });
});

describe('DRAIN', () => {
  it('asks the other end for a new leg; the present one stays until that stands', async () => {
    const rig = new SessionRig({ bytes: { service: 2_000 * KIB, device: 2_000 * KIB } });
    rig.connect();
    await rig.turns(8);
    rig.links.service.on('drain', () => rig.connect());
    rig.links.device.drain(5_000);
    await rig.finish();
    expect(rig.events.service).toEqual(['up', 'drain 5000', 'moved', 'closed clean', 'released']);
    expect(rig.events.device).toEqual(['up', 'moved', 'closed clean', 'released']);
  });

  it('waits for the proof on the first leg', async () => {
    const rig = new LinkBench();
    const hand = await rig.dial();
    rig.link.drain(5_000);
    await rig.turns();
    expect(hand.lines).toEqual(['hello']);
    hand.sayHello();
    hand.sayProof();
    await rig.turns();
    expect(hand.lines).toEqual(['hello', 'proof 0', 'drain 5000']);
  });

  it('is heard with its time, and said to nobody where there is no leg', async () => {
    const rig = new LinkBench();
    rig.link.drain(1);
    const hand = await rig.up();
    hand.say(encodeDrain(2 ** 32 - 1));
    rig.link.drain(70_000);
    await rig.turns();
    expect([rig.events.at(-1), hand.lines]).toEqual(['drain 4294967295', ['hello', 'proof 0', 'drain 70000']]);
  });
});

// The first leg and the later ones: HELLO, PROOF, and what may come before them.
import { describe, expect, it } from 'vitest';
import { encodePing } from '../../../src/wire/session-messages.ts';
import { framesMessage, LinkBench } from '../../support/session-peer.ts';
import { patternBytes, ROLES, SessionRig } from '../../support/session-rig.ts';

describe('the first leg', () => {
  it('frames follow HELLO at once, before a word of the peer: no extra round trip', async () => {
    const hand = await new LinkBench(100).dial();
    expect(hand.lines).toEqual(['hello', 'frames 0+100']);
  });

  it('is up when the peer has proven itself, and not before', async () => {
    const rig = new LinkBench(0);
    const hand = await rig.dial();
    hand.sayHello();
    await rig.turns();
    expect([rig.events, hand.lines]).toEqual([[], ['hello', 'proof 0']]);
    hand.sayProof();
    await rig.turns();
    expect([rig.events, rig.link.state]).toEqual([['up'], 'open']);
    expect(rig.tape.peer).toEqual({ initialWindowBytes: 65_536, maxChannels: 16 });
  });

  it('takes early frames of the peer, behind its HELLO', async () => {
    const rig = new LinkBench(0);
    const hand = await rig.dial();
    hand.sayHello();
    hand.say(framesMessage(0, patternBytes(0, 500)));
    await rig.turns();
    expect([rig.tape.received, rig.outcome]).toEqual([500, undefined]);
  });

  it('an ASK between HELLO and PROOF is answered behind our PROOF (mistake 3)', async () => {
    const rig = new LinkBench(0);
    const hand = await rig.dial();
    hand.sayHello();
    hand.say(framesMessage(0, patternBytes(0, 500), true));
    await rig.turns();
    expect(hand.lines).toEqual(['hello', 'proof 0', 'ack 500']);
  });

  it('sends no message that a peer of the smallest limit could not take, until it knows the limit', async () => {
    const rig = new LinkBench(100_000);
    const hand = await rig.dial();
    const longest = (): number => Math.max(...hand.heard.map((message) => message.length));
    expect(longest()).toBe(16_384);
    hand.sayHello({ maxMessageBytes: 20_000 });
    hand.sayProof();
    rig.tape.total = 200_000;
    await rig.turns();
    rig.link.wake();
    await rig.turns();
    expect(longest()).toBe(20_000);
  });

  it('sends no larger messages than serve, whatever the peer takes', async () => {
    const rig = new LinkBench();
    const hand = await rig.up();
    rig.tape.total = 200_000;
    rig.link.wake();
    await rig.turns();
    expect(Math.max(...hand.heard.map((message) => message.length))).toBe(65_552);
  });

  it.each(ROLES)('two links meet, the %s later than its peer has spoken', async (later) => {
    const rig = new SessionRig({ bytes: { service: 5_000, device: 6_000 } });
    const wire = rig.connect([...ROLES].filter((role) => role !== later));
    await rig.turns();
    rig.links[later].attach(wire.ends[later]);
    await rig.finish();
    for (const role of ROLES) expect(rig.events[role]).toEqual(['up', 'closed clean', 'released']);
  });
});

describe('a later leg', () => {
  it('carries no frame before the PROOF of the peer, and then what it has missed', async () => {
    const rig = new LinkBench(300);
    const first = await rig.up();
    first.leg.terminate();
    await rig.turns();
    const second = await rig.dial();
    second.sayHello({ epoch: 2 });
    await rig.turns();
    expect(second.lines).toEqual(['hello', 'proof 0']);
    second.sayProof(0);
    await rig.turns();
    expect(second.lines).toEqual(['hello', 'proof 0', 'frames 0+300']);
    expect(rig.events).toEqual(['up', 'suspended 1006', 'wanted 1006', 'resumed']);
  });

  it('frames of a known peer before its PROOF cost the leg, and the session nothing', async () => {
    const rig = new LinkBench(0);
    (await rig.up()).leg.terminate();
    await rig.turns();
    const second = await rig.dial();
    second.sayHello({ epoch: 2 });
    second.say(framesMessage(0, patternBytes(0, 10)));
    await rig.turns();
    expect([second.end?.code, rig.tape.received, rig.link.state]).toEqual([1008, 0, 'suspended']);
    await rig.up();
    expect(rig.link.state).toBe('open');
  });

  it('keeps what the first HELLO has said', async () => {
    const rig = new LinkBench(0);
    (await rig.up()).leg.terminate();
    await rig.turns();
    const second = await rig.dial();
    second.sayHello({ epoch: 2, maxMessageBytes: 16_384, resumeSeconds: 0 });
    second.sayProof();
    await rig.turns();
    rig.tape.total = 65_000;
    rig.link.wake();
    await rig.turns();
    expect(second.lines).toContain('frames 0+65000');
    second.leg.terminate();
    await rig.turns();
    expect(rig.link.state).toBe('suspended');
  });
});

describe('a peer that takes its time', () => {
  it('no HELLO within 10 s: the leg is closed with 1002, a new one is wanted', async () => {
    const rig = new LinkBench(0);
    const hand = await rig.dial();
    await rig.clock.advance(9_999);
    expect(hand.end).toBeUndefined();
    await rig.clock.advance(1);
    expect([hand.end?.code, rig.events]).toEqual([1002, ['suspended 1002', 'wanted 1002']]);
  });

  it('HELLO and no PROOF within 10 s: the same', async () => {
    const rig = new LinkBench(0);
    const hand = await rig.dial();
    await rig.clock.advance(9_000);
    hand.sayHello();
    await rig.clock.advance(1_000);
    expect([hand.end?.code, rig.link.state]).toEqual([1002, 'suspended']);
    await rig.up();
    expect(rig.link.state).toBe('open');
  });

  it('a leg that has proven itself has no such limit', async () => {
    const rig = new LinkBench(0);
    const hand = await rig.up();
    await rig.clock.advance(20_000);
    expect([hand.end, rig.clock.pendingTimers]).toEqual([undefined, 0]);
  });
});

describe('PING', () => {
  it('is answered with its token, and the round trip is measured', async () => {
    const rig = new LinkBench(0);
    const hand = await rig.up();
    hand.say(encodePing('ping', Uint8Array.of(1, 2, 3)));
    const ours = rig.link.ping();
    await rig.turns();
    expect(hand.heard.slice(-2).map((message) => message[0])).toEqual([5, 6]);
    expect(hand.heard.at(-1)).toEqual(Uint8Array.of(6, 1, 2, 3));
    await rig.clock.advance(40);
    hand.say(Uint8Array.of(6, 9, 9));
    hand.say(encodePing('pong', (hand.heard.at(-2) as Uint8Array).subarray(1)));
    expect(await ours).toBe(40);
  });

  it('has no answer where the leg is lost, not proven yet, or there is none', async () => {
    const rig = new LinkBench(0);
    expect(await rig.link.ping()).toBeUndefined();
    const first = await rig.dial();
    expect([await rig.link.ping(), first.lines]).toEqual([undefined, ['hello']]);
    first.leg.terminate();
    await rig.turns();
    const hand = await rig.up();
    const ours = rig.link.ping();
    hand.leg.terminate();
    expect(await ours).toBeUndefined();
  });

  it('has none either where a new leg takes over before it comes', async () => {
    const rig = new LinkBench(0);
    await rig.up();
    const ours = rig.link.ping();
    await rig.up();
    expect(await Promise.race([ours, rig.turns(50).then(() => 'nothing')])).toBeUndefined();
  });
});

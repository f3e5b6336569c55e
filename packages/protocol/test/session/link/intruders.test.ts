// Intruders: whoever cannot prove to be the peer loses his leg, and the session nothing, however often he comes (R15).
import { describe, expect, it } from 'vitest';
import type { LegMessage } from '../../../src/leg/leg.ts';
import { memoryLegPair } from '../../../src/leg/memory-leg.ts';
import { sessionKeys } from '../../../src/session/link/proof.ts';
import { encodeAck, encodeFail, encodeProof } from '../../../src/wire/session-messages.ts';
import { framesMessage, HandLeg, helloOf, LinkBench } from '../../support/session-peer.ts';
import { patternBytes, SessionRig } from '../../support/session-rig.ts';

const KIB = 1_024;
const WRONG = encodeProof(0, new Uint8Array(32));
const { publicKey } = helloOf();

describe('beside a leg that carries', () => {
  it('another key: 1008 for that leg, and the session goes on', async () => {
    const rig = new LinkBench();
    const peer = await rig.up();
    const intruder = await rig.dial(0x66);
    intruder.sayHello({ epoch: 2 });
    await rig.turns();
    peer.say(framesMessage(0, patternBytes(0, 10), true));
    await rig.turns();
    expect([intruder.end?.code, intruder.lines, peer.lines.at(-1), rig.events]).toEqual([1008, ['hello'], 'ack 10', ['up']]);
  });

  it('I7 the right key and a wrong PROOF: the same', async () => {
    const rig = new LinkBench();
    const peer = await rig.up();
    const intruder = await rig.dial(0x66);
    intruder.sayHello({ epoch: 2, publicKey });
    intruder.sayProof();
    peer.say(framesMessage(0, patternBytes(0, 10), true));
    await rig.turns();
    expect([intruder.end?.code, peer.lines.at(-1), rig.events]).toEqual([1008, 'ack 10', ['up']]);
  });

  it('a HELLO and a PROOF that were overheard are worth nothing on another leg', async () => {
    const rig = new LinkBench();
    const peer = await rig.up();
    const intruder = await rig.dial();
    intruder.say(peer.hello);
    intruder.say(peer.proof(0));
    await rig.turns();
    expect([intruder.end?.code, rig.events]).toEqual([1008, ['up']]);
  });

  const messages: [string, LegMessage[]][] = [
    ['text', ['{}']],
    ['nothing', [new Uint8Array(0)]],
    ['FAIL', [encodeFail(8, 'go away')]],
    ['FRAMES', [framesMessage(0, patternBytes(0, 9))]],
    ['ACK', [encodeAck(0)]],
    ['PROOF before HELLO', [WRONG]],
    ['an unknown kind', [Uint8Array.of(77)]],
  ];
  it.each(messages)('%s costs his leg alone, before HELLO and behind it', async (_, said) => {
    const rig = new LinkBench(100);
    await rig.up();
    for (const greets of [false, true]) {
      const intruder = await rig.dial();
      if (greets) intruder.sayHello({ epoch: 2, publicKey });
      for (const message of said) intruder.say(message);
      await rig.turns();
      expect([intruder.end?.code, rig.events, rig.tape.received]).toEqual([1008, ['up'], 0]);
    }
  });

  it('who says HELLO and then nothing delays the session by 10 s at most', async () => {
    const rig = new LinkBench();
    const peer = await rig.up();
    const intruder = await rig.dial();
    intruder.sayHello({ epoch: 2 });
    peer.say(framesMessage(0, patternBytes(0, 10)));
    await rig.turns();
    await rig.clock.advance(10_000);
    expect([rig.tape.received, rig.events]).toEqual([10, ['up']]);
  });

  it('after five wrong proofs new legs are refused for 10 s, and the peer itself is let in behind that', async () => {
    const rig = new LinkBench();
    await rig.up();
    for (let i = 0; i < 5; i += 1) {
      const intruder = await rig.dial(0x66);
      intruder.sayHello({ epoch: 2 });
      await rig.turns();
      expect(intruder.lines).toEqual(['hello']);
    }
    const refused = await rig.dial();
    expect([refused.lines, refused.end]).toEqual([[], { code: 1008, reason: 'PROOF', violation: false }]);
    await rig.clock.advance(10_000);
    await rig.up();
    expect(rig.events).toEqual(['up', 'moved']);
    // The peer has come: the count begins anew, and who leaves without a PROOF counts as well.
    for (let i = 0; i < 4; i += 1) {
      const intruder = await rig.dial();
      intruder.sayHello({ epoch: 2 });
      await rig.turns();
      intruder.leg.terminate();
      await rig.turns();
      expect(intruder.lines[0]).toBe('hello');
    }
    const intruder = await rig.dial(0x66);
    intruder.sayHello({ epoch: 2 });
    await rig.turns();
    expect((await rig.dial()).lines).toEqual([]);
  });
});

describe('legs on which nobody proves himself', () => {
  /** So many; every other one at least says HELLO, with the right key. */
  async function crowd(rig: LinkBench, count: number): Promise<HandLeg[]> {
    const hands: HandLeg[] = [];
    for (let index = 0; index < count; index += 1) {
      const hand = await rig.dial();
      if (index % 2 === 1) hand.sayHello({ epoch: 2, publicKey });
      await rig.turns();
      hands.push(hand);
    }
    return hands;
  }
  const open = (hands: HandLeg[]): number[] => hands.flatMap(({ end }, index) => (end === undefined ? [index] : []));

  it('are eight at once: each more costs the oldest, and the peer itself is let in', async () => {
    const rig = new LinkBench(300, { resumeTimeoutMs: 60_000 });
    (await rig.up()).leg.terminate();
    await rig.turns();
    const hands = await crowd(rig, 40);
    expect(open(hands)).toEqual([32, 33, 34, 35, 36, 37, 38, 39]);
    expect(hands[0]?.end).toEqual({ code: 1008, reason: 'PROOF', violation: false });
    // One each, beside the resume time; those of the legs that were closed are gone within a second.
    await rig.clock.advance(1_000);
    expect(rig.clock.pendingTimers).toBe(9);
    const peer = await rig.up();
    expect([peer.lines.at(-1), rig.link.state, rig.events.at(-1)]).toEqual(['frames 0+300', 'open', 'resumed']);
    expect(open(hands)).toEqual([]);
  });

  it('beside one that carries are refused for a while after five such, and it goes on', async () => {
    const rig = new LinkBench();
    const peer = await rig.up();
    const hands = await crowd(rig, 40);
    expect(open(hands)).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
    expect(hands.at(-1)?.lines).toEqual([]);
    await rig.clock.advance(10_000);
    peer.say(framesMessage(0, patternBytes(0, 10), true));
    await rig.turns();
    expect([open(hands), peer.lines.at(-1), rig.events]).toEqual([[], 'ack 10', ['up']]);
  });

  it('do not end a session that has not met its peer yet', async () => {
    const rig = new LinkBench();
    const first = await rig.dial();
    for (let index = 0; index < 20; index += 1) await rig.dial();
    first.sayHello();
    first.sayProof();
    await rig.turns();
    expect([first.end, rig.events]).toEqual([undefined, ['up']]);
  });
});

it('without a leg the peer is let in at once, whoever has come before', async () => {
  const rig = new LinkBench();
  (await rig.up()).leg.terminate();
  for (let i = 0; i < 20; i += 1) {
    const intruder = await rig.dial(0x66);
    intruder.sayHello({ epoch: 2, publicKey });
    intruder.sayProof();
    await rig.turns();
    expect(intruder.end?.code).toBe(1008);
  }
  await rig.up();
  expect([rig.link.state, rig.events.at(-1)]).toEqual(['open', 'resumed']);
});

it('a storm of them, at both ends, while bytes flow and legs are cut: all bytes arrive', async () => {
  const rig = new SessionRig({ bytes: { service: 1_000 * KIB, device: 1_000 * KIB } });
  const keys = sessionKeys(new Uint8Array(32).fill(0x66));
  const storm: HandLeg[] = [];
  let messages = 0;
  rig.connect();
  await rig.until(() => rig.events.service[0] === 'up' && rig.events.device[0] === 'up');
  rig.watch = () => {
    messages += 1;
    const role = messages % 2 === 0 ? 'service' : 'device';
    const [ours, theirs] = memoryLegPair(rig.clock);
    const hand = new HandLeg(theirs, keys);
    storm.push(hand);
    rig.links[role].attach(ours);
    hand.sayHello({ role: role === 'service' ? 'device' : 'service', epoch: 9 });
    hand.say(WRONG);
    return messages % 17 === 0 ? 'cut' : 'pass';
  };
  await rig.until(() => rig.isDone);
  rig.watch = () => 'pass';
  await rig.finish();
  await rig.turns();
  expect(storm.length).toBeGreaterThan(30);
  expect(new Set(storm.map(({ end }) => end?.code))).toEqual(new Set([1008]));
});

// Hostile peers: what breaks the rules ends the session with a FAIL that says which rule, and the leg with 4411.
import { describe, expect, it } from 'vitest';
import type { LegMessage } from '../../../src/leg/leg.ts';
import { SessionFailure } from '../../../src/session/seam.ts';
import { encodeHello, type Hello } from '../../../src/wire/session-hello.ts';
import { decodeSessionMessage, encodeAck, encodeDrain, encodeFail, encodePing, encodeProof } from '../../../src/wire/session-messages.ts';
import { framesMessage, type HandLeg, helloOf, LinkBench } from '../../support/session-peer.ts';
import { patternBytes } from '../../support/session-rig.ts';

/** What the link has answered: its FAIL, the close code, how the session ended. */
function verdict(rig: LinkBench, hand: HandLeg): unknown[] {
  const message = decodeSessionMessage(hand.heard.at(-1) as Uint8Array);
  const fail = message?.kind === 'fail' ? [message.code, message.text] : [];
  return [...fail, hand.end?.code, rig.outcome?.failure?.code];
}

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');
const mac = new Uint8Array(32);

describe('on a proven leg', () => {
  const cases: [name: string, message: LegMessage, fail: string][] = [
    ['an empty message (mistake 1)', new Uint8Array(0), 'message: expected 1 to 131072 bytes, found 0'],
    ['a message that is too long', new Uint8Array(131_073).fill(3), 'message: expected 1 to 131072 bytes, found 131073'],
    ['kind 0', hex('00'), 'message.kind: expected 1 to 8, or 128 to 255, found 0'],
    ['kind 9', hex('09 00'), 'message.kind: expected 1 to 8, or 128 to 255, found 9'],
    ['kind 127', hex('7f'), 'message.kind: expected 1 to 8, or 128 to 255, found 127'],
    ['FRAMES without an offset', hex('03 00 00 00 00 00 00'), 'frames: expected at least 8 bytes, found 7'],
    ['FRAMES from ahead: one was lost', framesMessage(11, patternBytes(0, 10)), 'frames.offset: expected 10, found 11'],
    ['FRAMES from before: one was repeated', framesMessage(0, patternBytes(0, 10)), 'frames.offset: expected 10, found 0'],
    ['an empty FRAMES at another offset', framesMessage(9, new Uint8Array(0), true), 'frames.offset: expected 10, found 9'],
    ['ACK that is too short', hex('04 00 00 00 00 00 00'), 'ack: expected 8 bytes, found 7'],
    ['ACK that is too long', hex('04 00 00 00 00 00 00 00 00'), 'ack: expected 8 bytes, found 9'],
    ['ACK of more than was sent', encodeAck(301), 'ack.received: expected the end of a message sent, found 301'],
    ['ACK of the largest position', encodeAck(2 ** 48 - 1), 'ack.received: expected the end of a message sent, found 281474976710655'],
    ['ACK of half a message', encodeAck(299), 'ack.received: expected the end of a message sent, found 299'],
    ['a second HELLO', encodeHello(helloOf()), 'a second HELLO'],
    ['a second PROOF', encodeProof(0, mac), 'a second PROOF'],
    ['PING with a long token', encodePing('ping', new Uint8Array(33)), 'token: expected at most 32 bytes, found 33'],
    ['PONG with a long token', encodePing('pong', new Uint8Array(33)), 'token: expected at most 32 bytes, found 33'],
    ['FAIL without a code', hex('07 00'), 'fail: expected 3 to 515 bytes, found 2'],
    ['FAIL with a long text', new Uint8Array(516).fill(7), 'fail: expected 3 to 515 bytes, found 516'],
    ['DRAIN that is too short', hex('08 00 00 00'), 'drain: expected 5 bytes, found 4'],
  ];

  it.each(cases)('%s', async (_, message, text) => {
    const rig = new LinkBench(300);
    const hand = await rig.up();
    hand.say(framesMessage(0, patternBytes(0, 10)));
    hand.say(message);
    await rig.turns();
    expect(verdict(rig, hand)).toEqual([1, text, 4411, 'PROTOCOL']);
  });

  it('text closes with 1003', async () => {
    const rig = new LinkBench();
    const hand = await rig.up();
    hand.say('hello');
    await rig.turns();
    expect(verdict(rig, hand)).toEqual([1, 'a session carries binary messages only', 1003, 'PROTOCOL']);
  });

  it('what the channels refuse is passed on under its code', async () => {
    const rig = new LinkBench();
    rig.tape.receive = () => {
      throw new SessionFailure('FLOW', 'too much');
    };
    const hand = await rig.up();
    hand.say(framesMessage(0, patternBytes(0, 10)));
    await rig.turns();
    expect(verdict(rig, hand)).toEqual([3, 'too much', 4411, 'FLOW']);
  });

  it('kinds from 0x80 are ignored, wherever they come', async () => {
    const rig = new LinkBench();
    const hand = await rig.dial();
    const noise = (): void => [0x80, 0xff].forEach((kind) => hand.say(Uint8Array.of(kind, 1, 2)));
    noise();
    hand.sayHello();
    noise();
    hand.sayProof();
    noise();
    hand.say(framesMessage(0, patternBytes(0, 10)));
    await rig.turns();
    expect([rig.events, rig.tape.received]).toEqual([['up'], 10]);
  });

  it.each([
    ['PINGs', encodePing('ping', new Uint8Array(32))],
    ['FRAMES that ask', framesMessage(0, new Uint8Array(0), true)],
  ])('a flood of %s by one that does not read is not answered without bound', async (_, message) => {
    const rig = new LinkBench();
    const hand = await rig.up();
    hand.leg.pause();
    let most = 0;
    for (let round = 0; round < 40; round += 1) {
      for (let i = 0; i < 1_200; i += 1) hand.say(message);
      await rig.turns(2);
      most = Math.max(most, rig.legs.at(-1)?.bufferedBytes ?? 0);
    }
    expect(most).toBeGreaterThan(100_000);
    expect(most).toBeLessThanOrEqual(262_144);
  });
});

describe('on the first leg', () => {
  const wrong: [name: string, changes: Partial<Hello>, code: number, text: string][] = [
    ['the same role', { role: 'service' }, 1, 'hello.role: both ends say service'],
    ['another session', { sessionId: new Uint8Array(16) }, 1, 'hello.sessionId: another session'],
    ['versions to come', { minVersion: 2, maxVersion: 3 }, 2, 'version 1 is spoken here, 2 to 3 there'],
    ['an implicit channel that we do not have', { implicitChannel: true }, 1, 'hello.flags: one end alone has an implicit channel'],
    ['epoch 0', { epoch: 0 }, 1, 'hello.epoch: expected at least 1, found 0'],
    ['no version', { minVersion: 0 }, 1, 'hello.minVersion: expected at least 1, found 0'],
    ['versions that are upside down', { minVersion: 2, maxVersion: 1 }, 1, 'hello.maxVersion: expected at least 2, found 1'],
    ['a window that early data exceed', { initialWindowBytes: 65_535 }, 1, 'hello.initialWindow: expected at least 65536, found 65535'],
    ['messages that early frames exceed', { maxMessageBytes: 16_383 }, 1, 'hello.maxMessage: expected at least 16384, found 16383'],
    ['no channels', { maxChannels: 0 }, 1, 'hello.maxChannels: expected at least 1, found 0'],
    ['a key of low order', { publicKey: new Uint8Array(32) }, 1, 'hello.publicKey: expected an X25519 key, found one of low order'],
  ];

  it.each(wrong)('HELLO with %s', async (_, changes, code, text) => {
    const rig = new LinkBench();
    const hand = await rig.dial();
    hand.sayHello(changes);
    await rig.turns();
    expect(verdict(rig, hand)).toEqual([code, text, 4411, code === 2 ? 'VERSION' : 'PROTOCOL']);
  });

  const early: [name: string, message: Uint8Array, text: string][] = [
    ['FRAMES', framesMessage(0, patternBytes(0, 5)), 'FRAMES before PROOF'],
    ['PROOF', encodeProof(0, mac), 'PROOF before HELLO'],
    ['ACK', encodeAck(0), 'ACK before PROOF'],
    ['PING', encodePing('ping', mac), 'PING before PROOF'],
    ['PONG', encodePing('pong', mac), 'PONG before PROOF'],
    ['DRAIN', encodeDrain(1), 'DRAIN before PROOF'],
    ['HELLO that is cut short', encodeHello(helloOf()).subarray(0, 91), 'hello: expected 92 to 4096 bytes, found 91'],
    ['HELLO that is too long', new Uint8Array(4_097).fill(1), 'hello: expected 92 to 4096 bytes, found 4097'],
  ];

  it.each(early)('%s first', async (_, message, text) => {
    const rig = new LinkBench();
    const hand = await rig.dial();
    hand.say(message);
    await rig.turns();
    expect(verdict(rig, hand)).toEqual([1, text, 4411, 'PROTOCOL']);
  });

  it('our own HELLO, reflected', async () => {
    const rig = new LinkBench();
    const hand = await rig.dial();
    hand.say(hand.heard[0] as Uint8Array);
    await rig.turns();
    expect(verdict(rig, hand)).toEqual([1, 'hello.role: both ends say service', 4411, 'PROTOCOL']);
  });

  it('our own PROOF, reflected', async () => {
    const rig = new LinkBench();
    const hand = await rig.dial();
    hand.sayHello();
    await rig.turns();
    hand.say(hand.heard[1] as Uint8Array);
    await rig.turns();
    expect(verdict(rig, hand)).toEqual([4, 'a wrong PROOF', 4411, 'PROOF']);
  });

  it('a PROOF with another position than its MAC covers', async () => {
    const rig = new LinkBench(100);
    const hand = await rig.dial();
    hand.sayHello();
    const proof = hand.proof(0);
    proof[6] = 100;
    hand.say(proof);
    await rig.turns();
    expect(verdict(rig, hand)).toEqual([4, 'a wrong PROOF', 4411, 'PROOF']);
  });

  it('unknown extensions of HELLO are ignored, and half of one is refused', async () => {
    const [good, bad] = [new LinkBench(), new LinkBench()];
    const hand = await good.dial();
    hand.sayHello({ extensions: [{ type: 65_535, value: Uint8Array.of(1, 2) }] });
    hand.sayProof();
    await good.turns();
    expect(good.events).toEqual(['up']);
    const other = await bad.dial();
    other.say(encodeHello(helloOf({ extensions: [{ type: 1, value: Uint8Array.of(1, 2) }] })).subarray(0, -1));
    await bad.turns();
    expect(verdict(bad, other).slice(0, 2)).toEqual([1, 'hello.extensions: expected an extension of at most 1 bytes, found 2']);
  });
});

describe('FAIL of the peer', () => {
  const codes: [number, string][] = [
    [1, 'PROTOCOL'],
    [2, 'VERSION'],
    [3, 'FLOW'],
    [4, 'PROOF'],
    [5, 'RESUME_IMPOSSIBLE'],
    [6, 'RESUME_TIMEOUT'],
    [7, 'ENDED'],
    [8, 'REVOKED'],
    [9, 'PROTOCOL'],
    [65_535, 'PROTOCOL'],
  ];

  it.each(codes)('code %i is %s', async (code, name) => {
    const rig = new LinkBench();
    const hand = await rig.up();
    hand.say(encodeFail(code, 'so \u{1F600} it is'));
    await rig.turns();
    expect(rig.outcome?.failure).toMatchObject({ code: name, message: 'the other side has ended the session: so \u{1F600} it is' });
    expect([rig.events, hand.end?.code, hand.lines]).toEqual([['up', `closed ${name}`, 'released'], 4411, ['hello', 'proof 0']]);
    expect(rig.clock.pendingTimers).toBe(0);
  });

  it('says what was acknowledged, and what was not', async () => {
    const rig = new LinkBench(300);
    const hand = await rig.up();
    hand.say(encodeAck(300));
    await rig.turns();
    rig.tape.total = 340;
    rig.link.wake();
    await rig.turns();
    hand.say(encodeFail(7, ''));
    await rig.turns();
    expect(rig.outcome).toMatchObject({ bytesAcked: 300, bytesUnacked: 40 });
  });
});

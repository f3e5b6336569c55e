// A peer that breaks the rules of WebSockets: it is told so, flagged, and gone within a second, whatever it does then.
import { closePayload, encodeFrame, OPCODE, type RawPeer } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { endOf, messagesOf } from '../support/legs.ts';
import { MAX_MESSAGE_BYTES, WsBench } from '../support/ws-pair.ts';

const { binary, text, continuation, close, ping } = OPCODE;

/** One message in `count` fragments of a byte each. */
function fragments(count: number): Buffer {
  const frames = Array.from({ length: count }, (_, index) =>
    encodeFrame({ opcode: index === 0 ? binary : continuation, payload: 'x', fin: index === count - 1 }),
  );
  return Buffer.concat(frames);
}

const violations: [what: string, code: number, bytes: () => Uint8Array][] = [
  ['RSV1: compressed, though nothing was agreed on', 1002, () => encodeFrame({ rsv: 4, payload: 'x' })],
  ['RSV2', 1002, () => encodeFrame({ rsv: 2, payload: 'x' })],
  ['an opcode that is unknown', 1002, () => encodeFrame({ opcode: 3, payload: 'x' })],
  ['a continuation of nothing', 1002, () => encodeFrame({ opcode: continuation, payload: 'x' })],
  ['a message inside a message', 1002, () => Buffer.concat([encodeFrame({ fin: false }), encodeFrame({ payload: 'x' })])],
  ['no mask', 1002, () => encodeFrame({ masked: false, payload: 'x' })],
  ['a ping that is too long', 1002, () => encodeFrame({ opcode: ping, payload: 'x'.repeat(126) })],
  ['a ping in fragments', 1002, () => encodeFrame({ opcode: ping, fin: false })],
  ['a close code that may not be sent', 1002, () => encodeFrame({ opcode: close, payload: closePayload(1006) })],
  ['a close reason that is no UTF-8', 1007, () => encodeFrame({ opcode: close, payload: Buffer.of(0x11, 0x30, 0xff) })],
  ['text that is no UTF-8', 1007, () => encodeFrame({ opcode: text, payload: Uint8Array.of(0x61, 0xff) })],
  ['text that holds half a surrogate pair', 1007, () => encodeFrame({ opcode: text, payload: Uint8Array.of(0xed, 0xa0, 0x80) })],
  ['a message that is too large', 1009, () => encodeFrame({ payload: new Uint8Array(MAX_MESSAGE_BYTES + 1) })],
  ['a length of 2^62', 1009, () => encodeFrame({ declaredLength: 2n ** 62n })],
  [
    'a message that becomes too large',
    1009,
    () =>
      Buffer.concat([
        encodeFrame({ payload: new Uint8Array(MAX_MESSAGE_BYTES), fin: false }),
        encodeFrame({ opcode: continuation, payload: 'x' }),
      ]),
  ],
  ['65 fragments', 1008, () => fragments(65)],
];

async function provoke(peer: RawPeer, bytes: Uint8Array): Promise<number> {
  peer.write(bytes);
  return (await peer.readClose()).code;
}

describe('a violation', () => {
  it.each(violations)('%s: %i', async (_what, code, bytes) => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    const received = messagesOf(leg);
    const ended = endOf(leg);
    leg.resume();
    expect(await provoke(peer, bytes())).toBe(code);
    peer.end();
    expect(await ended).toMatchObject({ code: 1006, violation: true });
    expect(received).toEqual([]);
  });

  it('by a peer that then stays is cut all the same', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    const ended = endOf(leg);
    leg.resume();
    await provoke(peer, encodeFrame({ rsv: 4 }));
    peer.writeFrame({ payload: 'and on' });
    await bench.clock.advance(1_000);
    expect(await ended).toMatchObject({ violation: true });
  });

  it('by a peer that closes as if nothing had happened keeps its flag', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    const ended = endOf(leg);
    leg.resume();
    await provoke(peer, encodeFrame({ rsv: 4 }));
    peer.writeFrame({ opcode: close, payload: closePayload(1000) });
    peer.end();
    expect(await ended).toMatchObject({ violation: true });
  });

  it('lets what came before it stand, and nothing that comes after it', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    const received = messagesOf(leg);
    const ended = endOf(leg);
    leg.resume();
    peer.write(Buffer.concat([encodeFrame({ payload: 'before' }), encodeFrame({ rsv: 4 }), encodeFrame({ payload: 'after' })]));
    peer.end();
    await ended;
    expect(received.map(String)).toEqual(['before']);
  });
});

describe('what is unusual is no violation', () => {
  it('64 fragments, pings among them, and the largest message', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    const received = messagesOf(leg);
    leg.resume();
    const [first, ...rest] = Array.from({ length: 64 }, (_, index) =>
      encodeFrame({ opcode: index === 0 ? binary : continuation, payload: 'x', fin: index === 63 }),
    );
    peer.write(Buffer.concat([first as Buffer, encodeFrame({ opcode: ping, payload: 'p' }), ...rest]));
    peer.writeFrame({ payload: new Uint8Array(MAX_MESSAGE_BYTES) });
    await eventually(() => received.map((message) => message.length)).toEqual([64, MAX_MESSAGE_BYTES]);
    leg.close(1000);
    expect(await peer.readClose()).toEqual({ code: 1000, reason: '' });
  });
});

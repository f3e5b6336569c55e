// The time that a leg gives its peer: to answer a close, to leave after its own, to show life.
import { closePayload, OPCODE } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import type { WsLeg } from '../../src/leg/ws-leg.ts';
import { eventually } from '../support/eventually.ts';
import { endOf, stalled } from '../support/legs.ts';
import { WsBench } from '../support/ws-pair.ts';

/** How the leg has ended so far. */
function watch(leg: WsLeg): { code?: number } {
  const seen: { code?: number } = {};
  leg.once('close', ({ code }) => {
    seen.code = code;
  });
  return seen;
}

describe('a close that the peer does not answer', () => {
  it.each([1002, 1008, 1012, 3000, 4400])('%i cuts after a second', async (code) => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    const seen = watch(leg);
    leg.close(code, 'why');
    expect(await peer.readClose()).toEqual({ code, reason: 'why' });
    await bench.clock.advance(999);
    expect(seen).toEqual({});
    await bench.clock.advance(1);
    await eventually(() => seen).toEqual({ code: 1006 });
  });

  it('1000 waits as long as the peer shows life', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    const seen = watch(leg);
    leg.close(1000);
    expect(await peer.readClose()).toEqual({ code: 1000, reason: '' });
    for (let passed = 0; passed < 600; passed += 20) {
      peer.writeFrame({ opcode: OPCODE.pong });
      await bench.clock.advance(20_000);
    }
    expect(seen).toEqual({});
    peer.writeFrame({ opcode: OPCODE.close, payload: closePayload(1000) });
    await peer.ended;
    peer.end();
    await eventually(() => seen).toEqual({ code: 1000 });
  });

  it('1000 cuts when the peer has shown no life for 25 s', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    const seen = watch(leg);
    leg.close(1000);
    await peer.readClose();
    await bench.clock.advance(24_000);
    expect(seen).toEqual({});
    await bench.clock.advance(1_000);
    await eventually(() => seen).toEqual({ code: 1006 });
  });

  it('1000 cuts after the limit, where there is one', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair({ cleanCloseLimitMs: 5_000 });
    const seen = watch(leg);
    leg.close(1000);
    await peer.readClose();
    await bench.clock.advance(4_999);
    expect(seen).toEqual({});
    await bench.clock.advance(1);
    await eventually(() => seen).toEqual({ code: 1006 });
  });

  it.each<[what: string, cleanCloseLimitMs: number | undefined]>([
    ['without a limit', undefined],
    ['with a limit', 5_000],
  ])('1000 and then another code cuts after a second, %s', async (_what, cleanCloseLimitMs) => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair({ cleanCloseLimitMs });
    const seen = watch(leg);
    leg.close(1000);
    leg.close(4400, 'too late to be said');
    expect(await peer.readClose()).toEqual({ code: 1000, reason: '' });
    await bench.clock.advance(999);
    expect(seen).toEqual({});
    await bench.clock.advance(1);
    await eventually(() => seen).toEqual({ code: 1006 });
  });
});

describe('a close of the peer’s, who then stays', () => {
  it.each([1000, 4400])('%i: is cut, and told with its code', async (code) => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    leg.resume();
    const seen = watch(leg);
    peer.writeFrame({ opcode: OPCODE.close, payload: closePayload(code, 'why') });
    expect(await peer.readClose()).toEqual({ code, reason: 'why' });
    await bench.clock.advance(1_000);
    await eventually(() => seen).toEqual({ code });
  });

  it('is found by a leg that is paused only when it reads again', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    const seen = watch(leg);
    peer.writeFrame({ opcode: OPCODE.close, payload: closePayload(4400, 'why') });
    await bench.clock.advance(60_000);
    expect(seen).toEqual({});
    leg.resume();
    await peer.readClose();
    await bench.clock.advance(1_000);
    await eventually(() => seen).toEqual({ code: 4400 });
  });
});

describe('life', () => {
  it('of a hub: pings after 15 s of own silence, reads the pong, and never dies', async () => {
    const bench = WsBench.forTest();
    const [client, hub] = await bench.pair();
    client.leg.resume();
    hub.leg.resume();
    const frames: string[] = [];
    hub.ws.on('pong', () => frames.push('pong at hub'));
    client.ws.on('ping', () => frames.push('ping at client'));
    await bench.clock.advance(10_000);
    client.leg.send('keeps the client quiet for another 15 s');
    await bench.clock.advance(5_000);
    await eventually(() => frames).toEqual(['ping at client', 'pong at hub']);
    const seen = [watch(client.leg), watch(hub.leg)];
    await bench.clock.advance(300_000, { stepMs: 1_000 });
    expect(seen).toEqual([{}, {}]);
  });

  it('of a client: an unsolicited pong, which asks for nothing', async () => {
    const bench = WsBench.forTest();
    const [client, hub] = await bench.pair();
    client.leg.resume();
    hub.leg.resume();
    const frames: string[] = [];
    hub.ws.on('ping', () => frames.push('ping')).on('pong', () => frames.push('pong'));
    await bench.clock.advance(10_000);
    hub.leg.send('keeps the hub quiet for another 15 s');
    await bench.clock.advance(5_000);
    await eventually(() => frames).toEqual(['pong']);
  });

  it('of a client that has answered a ping: nothing more, for as long as after a word of its own', async () => {
    const bench = WsBench.forTest();
    const [client, hub] = await bench.pair();
    client.leg.resume();
    hub.leg.resume();
    let pongs = 0;
    hub.ws.on('pong', () => (pongs += 1));
    await bench.clock.advance(10_000);
    hub.leg.send('keeps the hub quiet for another 15 s');
    hub.ws.ping();
    await eventually(() => pongs).toBe(1);
    await bench.clock.advance(14_000, { realMs: 1, stepMs: 1_000 });
    expect(pongs).toBe(1);
    await bench.clock.advance(1_000);
    await eventually(() => pongs).toBeGreaterThan(1);
  });

  it('is seen in every byte, of half a message too', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    leg.resume();
    const seen = watch(leg);
    peer.write(Buffer.of(0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4));
    for (let passed = 0; passed < 100; passed += 20) {
      await bench.clock.advance(20_000, { realMs: 1, stepMs: 5_000 });
      peer.write(Buffer.alloc(1));
    }
    expect(seen).toEqual({});
    await bench.clock.advance(26_000);
    await eventually(() => seen).toEqual({ code: 1006 });
  });

  it('is not asked of a peer that we do not read, who is probed instead', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    const seen = watch(leg);
    await bench.clock.advance(300_000, { stepMs: 1_000 });
    expect(seen).toEqual({});
    const [first, second] = [await peer.readFrame(), await peer.readFrame()];
    expect([first.opcode, second.opcode]).toEqual([OPCODE.pong, OPCODE.pong]);
    peer.reset();
    await bench.clock.advance(3_000, { stepMs: 1_000, realMs: 1 });
    await eventually(() => seen).toEqual({ code: 1006 });
    expect(leg.bufferedBytes).toBeLessThan(100);
  });

  it('does not pile up probes where nothing is taken', async () => {
    const bench = WsBench.forTest();
    const [, hub] = await bench.pair();
    for (let index = 0; index < 40; index += 1) hub.leg.send(Buffer.alloc(1_048_576));
    await stalled(hub.leg);
    const before = hub.leg.bufferedBytes;
    await bench.clock.advance(14_000);
    expect(hub.leg.bufferedBytes).toBe(before);
  });
});

describe('life of a raw client', () => {
  it('is that it takes our messages: it is sent no ping with them, and is not dead', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair({ raw: true });
    const seen = watch(leg);
    leg.resume();
    for (let passed = 0; passed < 60; passed += 5) {
      leg.send(Buffer.of(passed));
      expect(await peer.readFrame()).toMatchObject({ opcode: OPCODE.binary, payload: Buffer.of(passed) });
      await bench.clock.advance(5_000);
    }
    expect(seen).toEqual({});
    // Then nothing is sent, and nobody answers the ping.
    await bench.clock.advance(26_000);
    expect(await peer.readFrame()).toMatchObject({ opcode: OPCODE.ping });
    await eventually(() => seen).toEqual({ code: 1006 });
  });

  it('is not asked for while data waits for it', async () => {
    const bench = WsBench.forTest();
    const [near, { leg }] = await bench.pair({ raw: true });
    const seen = watch(leg);
    leg.resume();
    for (let index = 0; index < 40; index += 1) leg.send(Buffer.alloc(1_048_576));
    await stalled(leg);
    await bench.clock.advance(600_000, { stepMs: 1_000 });
    expect([seen, leg.bufferedBytes > 0]).toEqual([{}, true]);
    near.ws.terminate();
    await eventually(() => seen).toEqual({ code: 1006 });
  });
});

describe('requireLife', () => {
  it('cuts a peer that does not answer in time', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    leg.resume();
    const seen = watch(leg);
    leg.requireLife(5_000);
    expect((await peer.readFrame()).opcode).toBe(OPCODE.ping);
    await bench.clock.advance(4_999);
    expect(seen).toEqual({});
    await bench.clock.advance(1);
    await eventually(() => seen).toEqual({ code: 1006 });
  });

  it('is content with any byte', async () => {
    const bench = WsBench.forTest();
    const [peer, { leg }] = await bench.rawPair();
    leg.resume();
    const seen = watch(leg);
    leg.requireLife(5_000);
    peer.writeFrame({ payload: 'x' });
    await bench.clock.advance(6_000, { realMs: 1 });
    expect(seen).toEqual({});
  });

  it('asks nothing of a leg that has ended', async () => {
    const bench = WsBench.forTest();
    const [client] = await bench.pair();
    const ended = endOf(client.leg);
    client.leg.terminate();
    await ended;
    const before = bench.clock.pendingTimers;
    client.leg.requireLife(5_000);
    expect(bench.clock.pendingTimers).toBe(before);
  });

  it('can be asked again and again', async () => {
    const bench = WsBench.forTest();
    const [client, hub] = await bench.pair();
    client.leg.resume();
    hub.leg.resume();
    const warnings: string[] = [];
    const onWarning = (warning: Error): unknown => warnings.push(warning.name);
    process.on('warning', onWarning);
    for (let index = 0; index < 12; index += 1) {
      client.leg.requireLife(5_000);
      await bench.clock.advance(6_000, { realMs: 1 });
    }
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
    const ended = endOf(client.leg);
    client.leg.requireLife(5_000);
    client.leg.terminate();
    await ended;
    await eventually(() => bench.clock.pendingTimers).toBe(1);
    hub.leg.terminate();
  });
});

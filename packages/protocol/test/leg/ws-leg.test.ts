// A leg over a real WebSocket: messages, back-pressure and ends, both ways.
import type { RawPeer } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import type { LegMessage } from '../../src/leg/leg.ts';
import { eventually } from '../support/eventually.ts';
import { endOf, messagesOf, stalled } from '../support/legs.ts';
import { WsBench } from '../support/ws-pair.ts';

const MIB = 1_048_576;

describe('messages', () => {
  it.each(['client to hub', 'hub to client'])('%s: bytes as bytes, text as text, in order, whatever their size', async (way) => {
    const [client, hub] = await WsBench.forTest().pair();
    const [from, to] = way === 'client to hub' ? [client.leg, hub.leg] : [hub.leg, client.leg];
    const sent: LegMessage[] = [
      Buffer.of(0),
      '',
      Buffer.alloc(0),
      'grün',
      Buffer.alloc(65_537, 7),
      'x'.repeat(200_000),
      Buffer.alloc(262_144, 9),
    ];
    const received = messagesOf(to);
    to.resume();
    for (const message of sent) from.send(message);
    await eventually(() => received.length).toBe(sent.length);
    for (const [index, message] of sent.entries())
      expect(Buffer.from(received[index] as string).equals(Buffer.from(message as string))).toBe(true);
    expect(received.map((message) => typeof message)).toEqual(sent.map((message) => typeof message));
  });

  it('are told when they are flushed, in order', async () => {
    const [client, hub] = await WsBench.forTest().pair();
    hub.leg.resume();
    const flushed: number[] = [];
    await new Promise<void>((resolve) => {
      for (let index = 0; index < 5; index += 1) client.leg.send(Buffer.alloc(1_000), () => flushed.push(index) === 5 && resolve());
    });
    expect(flushed).toEqual([0, 1, 2, 3, 4]);
    expect(client.leg.bufferedBytes).toBe(0);
  });

  it('that were not flushed before the end are never told of', async () => {
    const [client] = await WsBench.forTest().pair();
    let flushed = 0;
    for (let index = 0; index < 40; index += 1) client.leg.send(Buffer.alloc(MIB), () => (flushed += 1));
    await stalled(client.leg);
    const atEnd = flushed;
    client.leg.terminate();
    await endOf(client.leg);
    client.leg.send('after the end', () => (flushed += 1));
    await new Promise(setImmediate);
    expect(atEnd).toBeLessThan(40);
    expect(flushed).toBe(atEnd);
  });
});

describe('back-pressure', () => {
  it.each(['client', 'hub'])('the %s that reads nothing stops the other end, and loses nothing', async (side) => {
    const [client, hub] = await WsBench.forTest().pair();
    const [from, to] = side === 'hub' ? [client.leg, hub.leg] : [hub.leg, client.leg];
    const received = messagesOf(to);
    let flushed = 0;
    for (let index = 0; index < 30; index += 1) from.send(Buffer.alloc(MIB / 4, index), () => (flushed += 1));
    for (let index = 30; index < 200; index += 1) from.send(Buffer.alloc(MIB / 4, index));
    await stalled(from);
    // What the kernel takes on the loopback interface is a few MiB; the rest waits here.
    expect(from.bufferedBytes).toBeGreaterThan(20 * MIB);
    expect(received).toEqual([]);
    const whileStalled = flushed;
    to.resume();
    await expect.poll(() => received.length, { interval: 5, timeout: 5_000 }).toBe(200);
    expect(received.every((message, index) => (message as Buffer)[9] === index)).toBe(true);
    expect(whileStalled).toBeLessThan(30);
    expect(flushed).toBe(30);
  });

  it('pauses again in the middle', async () => {
    const [client, hub] = await WsBench.forTest().pair();
    let count = 0;
    hub.leg.on('message', () => {
      count += 1;
      if (count === 1) hub.leg.pause();
    });
    hub.leg.resume();
    for (let index = 0; index < 100; index += 1) client.leg.send(Buffer.alloc(65_536));
    await eventually(() => count).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    // What stood in the same read still comes.
    expect(count).toBeLessThan(5);
    hub.leg.resume();
    await eventually(() => count).toBe(100);
  });
});

describe('an end', () => {
  it.each([
    [1000, ''],
    [1002, 'broken'],
    [1008, 'revoked'],
    [1012, 'DRAINING;retry=1'],
    [3000, ''],
    [4400, 'grün'],
    [4999, 'x'.repeat(123)],
  ])('%i arrives, from either end', async (code, reason) => {
    const bench = WsBench.forTest();
    for (const hubCloses of [false, true]) {
      const [client, hub] = await bench.pair();
      const [from, to] = hubCloses ? [hub.leg, client.leg] : [client.leg, hub.leg];
      const ends = Promise.all([endOf(from), endOf(to)]);
      to.resume();
      from.close(code, reason);
      // The one that closed gets the peer's echo.
      expect(await ends).toEqual([
        { code, reason, violation: false },
        { code, reason, violation: false },
      ]);
    }
  });

  it('has its reason cut at 123 bytes, between characters', async () => {
    const [client, hub] = await WsBench.forTest().pair();
    hub.leg.resume();
    client.leg.close(4400, '€'.repeat(100));
    expect(await endOf(hub.leg)).toMatchObject({ code: 4400, reason: '€'.repeat(41) });
  });

  it('comes after what was sent before', async () => {
    const [client, hub] = await WsBench.forTest().pair();
    const received = messagesOf(hub.leg);
    for (let index = 0; index < 100; index += 1) client.leg.send(Buffer.alloc(65_536, index));
    client.leg.close(1000);
    client.leg.send('too late');
    hub.leg.resume();
    await endOf(hub.leg);
    expect(received).toHaveLength(100);
  });

  it('discards what still comes', async () => {
    const [client, hub] = await WsBench.forTest().pair();
    const received = messagesOf(hub.leg);
    for (let index = 0; index < 100; index += 1) client.leg.send(Buffer.alloc(65_536));
    hub.leg.close(1000);
    client.leg.resume();
    expect(await endOf(hub.leg)).toMatchObject({ code: 1000 });
    expect(received).toEqual([]);
  });

  it('reads on, though the leg was paused and is paused again', async () => {
    const [client, hub] = await WsBench.forTest().pair();
    client.leg.resume();
    for (let index = 0; index < 100; index += 1) client.leg.send(Buffer.alloc(65_536));
    hub.leg.close(4400);
    hub.leg.pause();
    expect(await endOf(hub.leg)).toMatchObject({ code: 4400 });
  });

  it('is told once, and nothing after it', async () => {
    const bench = WsBench.forTest();
    const [client, hub] = await bench.pair();
    let ends = 0;
    client.leg.on('close', () => (ends += 1));
    const received = messagesOf(client.leg);
    hub.leg.send('late');
    client.leg.terminate();
    await endOf(client.leg);
    client.leg.terminate();
    client.leg.close(1000);
    client.leg.close(4400);
    client.leg.resume();
    client.leg.pause();
    client.leg.send('into the void');
    await bench.clock.advance(60_000);
    expect([ends, received]).toEqual([1, []]);
  });

  it('E4 without a close frame is 1006', async () => {
    const [client, hub] = await WsBench.forTest().pair();
    const ends = Promise.all([endOf(client.leg), endOf(hub.leg)]);
    hub.leg.resume();
    client.leg.terminate();
    const lost = { code: 1006, reason: '', violation: false };
    expect(await ends).toEqual([lost, lost]);
  });

  it.each<[how: string, leave: (peer: RawPeer) => void]>([
    ['a reset', (peer) => peer.reset()],
    ['a FIN', (peer) => peer.end()],
  ])('by %s is 1006, and no violation', async (_how, leave) => {
    const [peer, { leg }] = await WsBench.forTest().rawPair();
    leg.resume();
    leave(peer);
    expect(await endOf(leg)).toEqual({ code: 1006, reason: '', violation: false });
  });

  it('by a FIN is not answered: who leaves without a close frame reads no farewell', async () => {
    const [peer, { leg, socket }] = await WsBench.forTest().rawPair();
    leg.resume();
    peer.end();
    await endOf(leg);
    expect(socket.writableFinished).toBe(false);
  });

  it('by a FIN still takes along what waits for the peer', async () => {
    const [peer, { leg }] = await WsBench.forTest().rawPair();
    leg.resume();
    for (let index = 0; index < 40; index += 1) leg.send(Buffer.alloc(MIB, index));
    await stalled(leg);
    const end = endOf(leg);
    peer.end();
    await new Promise(setImmediate);
    for (let index = 0; index < 40; index += 1) {
      const { payload } = await peer.readFrame();
      expect(payload.equals(Buffer.alloc(MIB, index))).toBe(true);
    }
    expect(await end).toMatchObject({ code: 1006 });
  });

  it('by a close frame without a code is 1005', async () => {
    const [peer, { leg }] = await WsBench.forTest().rawPair();
    leg.resume();
    peer.writeFrame({ opcode: 8 });
    expect(await peer.readClose()).toEqual({ code: 1005, reason: '' });
    peer.end();
    expect(await endOf(leg)).toEqual({ code: 1005, reason: '', violation: false });
  });
});

// What a stream makes of its peer's frames, beyond what the compliance suite asks of any kind of stream.
import { EventEmitter } from 'eventemitter3';
import { describe, expect, it } from 'vitest';
import type { Leg, LegEvents } from '../../src/leg/leg.ts';
import { DeviceStream } from '../../src/stream/device-stream.ts';
import { finFrame } from '../../src/wire/frames.ts';
import { dataFrame, HalfStream } from '../support/half-stream.ts';

const MIB = 1_048_576;

/** A leg that takes everything and flushes nothing. */
class StuckLeg extends EventEmitter<LegEvents> {
  readonly bufferedBytes = 0;
  readonly sent: Uint8Array[] = [];
  send(message: Uint8Array): void {
    this.sent.push(message);
  }
  pause(): void {}
  resume(): void {}
  close(): void {}
}

/** Reads all; gives what has come so far. */
function readOf(half: HalfStream): { text: string } {
  const read = { text: '' };
  half.stream.on('data', (chunk: Buffer) => {
    read.text += chunk.toString();
  });
  return read;
}

describe('a stream', () => {
  it('says what it is', () => {
    const { stream } = new HalfStream();
    expect(stream).toMatchObject({ id: 'an id', name: 'echo', deviceId: 'pump-7', bytesRead: 0, bytesWritten: 0, allowHalfOpen: true });
  });

  it('reads before it is read, so far as its buffer goes', async () => {
    const half = new HalfStream();
    for (let index = 0; index < 64; index += 1) half.sendData(Buffer.alloc(65_536));
    await half.turns();
    expect(half.stream.readableLength).toBeGreaterThanOrEqual(MIB / 4);
    expect(half.stream.readableLength).toBeLessThanOrEqual(MIB / 4 + 65_536);
    expect(half.peer.bufferedBytes).toBeGreaterThan(3 * MIB);
    half.stream.resume();
    await half.turns(40);
    expect([half.stream.bytesRead, half.peer.bufferedBytes]).toEqual([4 * MIB, 0]);
  });

  it('sends what is written in one turn as the first write and one message more', async () => {
    const half = new HalfStream().reading();
    for (let index = 0; index < 100; index += 1) half.stream.write('ab');
    await half.turns();
    expect(half.received.map((frame) => frame.length)).toEqual([3, 199]);
    half.stream.write('c');
    await half.turns();
    expect(half.received).toHaveLength(3);
  });

  it('gives Buffers, and counts payload alone', async () => {
    const half = new HalfStream().reading();
    const chunks: unknown[] = [];
    half.stream.on('data', (chunk) => chunks.push(chunk));
    half.peer.send(new Uint8Array([0, 7, 8]));
    half.stream.write('héllo');
    half.stream.write(new Uint8Array(70_000));
    await half.turns();
    expect(Buffer.isBuffer(chunks[0]) && chunks[0].equals(Buffer.of(7, 8))).toBe(true);
    expect([half.stream.bytesRead, half.stream.bytesWritten]).toEqual([2, 70_006]);
    expect(half.received.map((frame) => frame.length)).toEqual([7, 65_537, 4_465]);
  });
});

describe('the peer’s frames', () => {
  it('of no data are none', async () => {
    const half = new HalfStream().reading();
    const chunks: unknown[] = [];
    half.stream.on('data', (chunk) => chunks.push(chunk));
    half.sendData('');
    half.sendData('');
    await half.turns();
    expect([chunks, half.events, half.stream.bytesRead]).toEqual([[], [], 0]);
    half.sendData('a');
    half.sendFin();
    await half.turns();
    expect([chunks.map(String), half.events]).toEqual([['a'], ['end']]);
  });

  it('after its FIN are ignored, whatever they are', async () => {
    const half = new HalfStream().reading();
    const read = readOf(half);
    half.sendData('before');
    half.sendFin();
    half.sendData('after');
    half.sendFin();
    await half.turns();
    expect([read.text, half.stream.bytesRead, half.events]).toEqual(['before', 6, ['end']]);
    half.stream.end('reply');
    expect((await half.peerEnd).code).toBe(1000);
    expect(await half.outcome()).toEqual({ by: 'local', reason: '', clean: true });
    expect(half.events).toEqual(['end', 'finish', 'close']);
  });

  it.each<[what: string, message: Uint8Array | string]>([
    ['text', 'text'],
    ['an empty message', new Uint8Array(0)],
    ['an unknown type', Uint8Array.of(2, 1)],
    ['a FIN with a payload', Uint8Array.of(1, 0)],
    ['too much data', dataFrame(Buffer.alloc(65_537))],
  ])('that are none end the stream with 1002: %s', async (_what, message) => {
    const half = new HalfStream().reading();
    half.stream.resume();
    half.sendData('fine');
    half.stream.write('also fine');
    half.peer.send(message);
    half.sendData('not read');
    expect(await half.peerEnd).toMatchObject({ code: 1002 });
    expect(await half.outcome()).toMatchObject({ by: 'peer', clean: false });
    expect(half.events).toEqual(['error', 'close']);
    expect(half.errors).toMatchObject([
      { name: 'StreamTerminatedError', code: 'STREAMS_STREAM_TERMINATED', by: 'peer', closeCode: 1002, bytesRead: 4, bytesWritten: 9 },
    ]);
  });

  it('that are none are told even by a peer that answers nothing', async () => {
    const half = new HalfStream();
    half.peer.send('text');
    await half.turns();
    await half.clock.advance(1_000);
    expect(half.errors).toMatchObject([{ closeCode: 1002 }]);
    expect(half.clock.pendingTimers).toBe(0);
  });

  it('are not read any more by who has ended', async () => {
    const half = new HalfStream();
    half.stream.destroy();
    half.peer.send('text');
    half.reading();
    expect(await half.peerEnd).toMatchObject({ code: 4400 });
    expect(await half.outcome()).toEqual({ by: 'local', reason: '', clean: false });
  });
});

describe('the end of the leg', () => {
  it.each([
    [1000, 'peer', ''],
    [1002, 'peer', ''],
    [1005, 'peer', ''],
    [1008, 'hub', ''],
    [1011, 'hub', ''],
    [1012, 'hub', ''],
    [1013, 'hub', ''],
    [4400, 'peer', 'the words'],
    [4410, 'peer', ''],
  ] as const)('%i is an error, by the %s, and only an abort has words', async (code, by, reason) => {
    const half = new HalfStream().reading();
    half.stream.resume();
    half.sendData('12345');
    half.stream.write('1234567');
    half.peer.close(code, 'the words');
    expect(await half.outcome()).toEqual({ by, reason, clean: false });
    expect(half.errors).toMatchObject([{ by, reason, closeCode: code, bytesRead: 5, bytesWritten: 7 }]);
    expect(half.events).toEqual(['error', 'close']);
  });

  it('without a close is an error of the network', async () => {
    const half = new HalfStream().reading();
    half.peer.terminate();
    expect(await half.outcome()).toEqual({ by: 'network', reason: '', clean: false });
    expect(half.errors).toMatchObject([{ by: 'network', closeCode: 1006 }]);
  });

  it.each<[state: string, prepare: (half: HalfStream) => void]>([
    ['nobody has finished', () => undefined],
    ['only the peer has finished', (half) => half.sendFin()],
    ['only this side has finished', (half) => half.stream.end()],
  ])('with 1000 is an error where %s', async (_state, prepare) => {
    const half = new HalfStream().reading();
    half.stream.resume();
    prepare(half);
    await half.turns();
    half.peer.close(1000);
    expect(await half.outcome()).toEqual({ by: 'peer', reason: '', clean: false });
    expect(half.errors).toMatchObject([{ by: 'peer', closeCode: 1000 }]);
  });

  it('with 1000 is none where both have finished, and what has come can still be read', async () => {
    const half = new HalfStream().reading();
    half.sendData('to be read late');
    half.sendFin();
    half.stream.end();
    await half.turns();
    half.peer.close(1000);
    await half.turns();
    expect(await half.outcome()).toBe('still open');
    const read = readOf(half);
    expect(await half.outcome()).toEqual({ by: 'local', reason: '', clean: true });
    expect([read.text, half.errors]).toEqual(['to be read late', []]);
  });

  it('with any other code is an error even where both have finished', async () => {
    const half = new HalfStream().reading();
    half.sendData('unread');
    half.sendFin();
    half.stream.end();
    await half.turns();
    half.peer.close(1012);
    expect(await half.outcome()).toEqual({ by: 'hub', reason: '', clean: false });
  });

  it('with 1000, of a peer that has not taken our FIN, is an error: what it did not read is lost', async () => {
    const leg = new StuckLeg();
    const stream = new DeviceStream(leg as unknown as Leg, { id: 'i', name: 'n', deviceId: 'd' });
    const events: string[] = [];
    for (const name of ['finish', 'error', 'close']) stream.on(name, () => events.push(name));
    stream.resume().end('not taken');
    leg.emit('message', finFrame());
    await new Promise(setImmediate);
    expect(leg.sent.map((frame) => frame[0])).toEqual([0, 1]);
    leg.emit('close', { code: 1000, reason: '', violation: false });
    const outcome = await Promise.race([stream.outcome, new Promise((resolve) => setTimeout(() => resolve('none'), 50))]);
    expect(outcome).toEqual({ by: 'peer', reason: '', clean: false });
    await new Promise(setImmediate);
    expect(events).toEqual(['error', 'close']);
  });
});

// Credit: granted on consumption, by the half window, never after an end; a window that grows where the sender waits for it, and no further.
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../src/session/channels/channel.ts';
import type { ChannelRequest } from '../../../src/session/channels/channel-request.ts';
import { GrowthBudget } from '../../../src/session/channels/growth-budget.ts';
import { ReceiveWindow } from '../../../src/session/channels/receive-window.ts';
import { encodeSessionFrame, type SessionFrame } from '../../../src/wire/session-frames.ts';
import { openChannel, Recorder, SessionEnd, sessionPair, turns } from '../../support/channel-pair.ts';

const WINDOW = 131_072;
const MIB = 1_048_576;
const NONE = new Uint8Array(0);

/** A device whose service is the test, with `count` channels that it has accepted: 1, 3, 5… */
class Receiver {
  readonly growth = new GrowthBudget(256 * MIB);
  readonly end = new SessionEnd('device', { growth: this.growth });
  readonly channels: Channel[];
  readonly recorders: Recorder[];

  constructor(count = 1) {
    this.end.channels.onPeer({ initialWindowBytes: WINDOW, maxChannels: 4_096 });
    this.end.isHeld = true;
    this.recorders = Array.from({ length: count }, () => new Recorder());
    this.channels = this.recorders.map((recorder, index) => {
      this.say({ type: 'open', channel: 2 * index + 1, metadata: NONE });
      return (this.end.requests[index] as ChannelRequest).accept(recorder);
    });
    this.end.frames();
  }

  say(...frames: SessionFrame[]): void {
    this.end.receive(Buffer.concat(frames.map(encodeSessionFrame)));
  }

  data(bytes: number, { channel = 1, eof = false, blocked = false } = {}): void {
    this.say({ type: 'data', channel, payload: Buffer.alloc(bytes), eof, blocked });
  }

  /** What was granted since the last call, on channel 1 unless another is named. */
  granted(channel = 1): number[] {
    return this.end.frames().flatMap((frame) => (frame.type === 'credit' && frame.channel === channel ? [frame.bytes] : []));
  }
}

describe('credit', () => {
  it('is granted once half a window can be', () => {
    const receiver = new Receiver();
    receiver.channels[0]?.resume();
    receiver.data(WINDOW / 2 - 1);
    expect(receiver.granted()).toEqual([]);
    receiver.data(1);
    expect(receiver.granted()).toEqual([WINDOW / 2]);
    receiver.data(WINDOW);
    expect(receiver.granted()).toEqual([WINDOW]);
  });

  it('is for what was consumed, not for what was received: a reader that pauses is sent no more than a window (yamux-js grants on receipt)', () => {
    const receiver = new Receiver();
    receiver.data(WINDOW, { blocked: true });
    expect([receiver.granted(), receiver.recorders[0]?.bytes]).toEqual([[], 0]);
    receiver.channels[0]?.resume();
    expect([receiver.granted(), receiver.recorders[0]?.bytes]).toEqual([[WINDOW], WINDOW]);
  });

  it('is said once for all that came while nothing could be sent', () => {
    const receiver = new Receiver();
    receiver.channels[0]?.resume();
    for (let i = 0; i < 4; i += 1) receiver.data(WINDOW / 4);
    expect(receiver.granted()).toEqual([WINDOW]);
  });

  it('never follows an EOF', () => {
    const receiver = new Receiver();
    receiver.channels[0]?.resume();
    receiver.data(WINDOW - 1);
    receiver.data(1, { eof: true });
    expect(receiver.granted()).toEqual([]);
    const paused = new Receiver();
    paused.data(WINDOW, { eof: true });
    paused.channels[0]?.resume();
    expect([paused.granted(), paused.recorders[0]?.bytes]).toEqual([[], WINDOW]);
  });

  it.each([['own'], ['the peer’s']])('never follows a RESET: %s', (whose) => {
    const receiver = new Receiver();
    receiver.channels[0]?.resume();
    receiver.data(WINDOW);
    if (whose === 'own') receiver.channels[0]?.reset();
    else receiver.say({ type: 'reset', channel: 1, code: 'ABORTED', reason: '' });
    expect(receiver.end.frames().map((frame) => frame.type)).toEqual(['reset']);
  });

  it('bounds each channel on its own', () => {
    const receiver = new Receiver(2);
    receiver.data(WINDOW, { channel: 1 });
    receiver.data(WINDOW, { channel: 3 });
    expect(receiver.end.failure).toBeUndefined();
    receiver.data(1, { channel: 3 });
    expect(receiver.end.failure).toMatchObject({ code: 'FLOW' });
  });

  it('is waited for, and no clock is asked: BLOCKED is said once for it', async () => {
    const pair = sessionPair();
    const [own, other] = await openChannel(pair);
    other.pause();
    const { service } = pair;
    service.isHeld = true;
    own.write(Buffer.alloc(WINDOW + 10));
    const sent = service.frames();
    expect(sent.map((frame) => frame.type === 'data' && [frame.payload.length, frame.blocked])).toEqual([
      [65_536, false],
      [65_536, true],
    ]);
    own.write(Buffer.alloc(10));
    expect(service.frames()).toEqual([]);
    const credit = (bytes: number): void => service.receive(Buffer.from(encodeSessionFrame({ type: 'credit', channel: 1, bytes })));
    credit(15);
    expect(service.frames()).toMatchObject([{ payload: { length: 15 }, blocked: true }]);
    credit(5);
    expect(service.frames()).toMatchObject([{ payload: { length: 5 }, blocked: false }]);
  });
});

describe('a window', () => {
  it('that is large grants in steps of 512 KiB, lest a sender on a long path wait', () => {
    const window = new ReceiveWindow(1, WINDOW, new GrowthBudget(256 * MIB));
    while (window.windowBytes < 8 * MIB) window.blocked();
    window.grant();
    for (const bytes of [MIB / 2 - 1, 1]) {
      expect(window.isDue).toBe(false);
      window.received(bytes);
      window.consumed(bytes);
    }
    expect([window.isDue, window.grant()]).toEqual([true, MIB / 2]);
  });

  it('doubles when its sender waits, up to 8 MiB, and gives all back at the end', () => {
    const receiver = new Receiver();
    const [channel] = receiver.channels as [Channel];
    channel.resume();
    const windows: number[] = [];
    for (let i = 0; i < 9; i += 1) {
      receiver.data(channel.windowBytes, { blocked: true });
      receiver.granted();
      windows.push(channel.windowBytes / WINDOW);
    }
    expect(windows).toEqual([2, 4, 8, 16, 32, 64, 64, 64, 64]);
    expect(receiver.growth.usedBytes).toBe(8 * MIB - WINDOW);
    receiver.data(0, { eof: true });
    expect(receiver.growth.usedBytes).toBe(0);
  });

  it('does not grow for a reader that is the slow one', () => {
    const receiver = new Receiver();
    receiver.data(WINDOW / 4 + 1, { blocked: true });
    expect(receiver.channels[0]?.windowBytes).toBe(WINDOW);
    receiver.channels[0]?.resume();
    receiver.channels[0]?.pause();
    receiver.data(WINDOW / 4, { blocked: true });
    expect(receiver.channels[0]?.windowBytes).toBe(2 * WINDOW);
  });

  it('grows by 32 MiB for all channels of a session together, and what one gives back another takes', () => {
    const receiver = new Receiver(6);
    for (const channel of receiver.channels) {
      channel.resume();
      for (let i = 0; i < 7; i += 1) receiver.data(0, { channel: channel.id, blocked: true });
    }
    const windows = receiver.channels.map(({ windowBytes }) => windowBytes);
    expect(windows.slice(0, 4)).toEqual(Array(4).fill(8 * MIB));
    expect([receiver.growth.usedBytes, receiver.channels[5]?.windowBytes]).toEqual([32 * MIB, 2 * WINDOW]);
    receiver.channels[0]?.reset();
    for (let i = 0; i < 7; i += 1) receiver.data(0, { channel: 11, blocked: true });
    expect([receiver.growth.usedBytes <= 32 * MIB, receiver.channels[5]?.windowBytes]).toEqual([true, 8 * MIB]);
    receiver.end.channels.lose(4411, '');
    expect(receiver.growth.usedBytes).toBe(0);
  });

  it('grows no further than the process allows, whatever its session would', () => {
    const receiver = new Receiver();
    receiver.growth.take(256 * MIB - 3 * WINDOW);
    for (let i = 0; i < 7; i += 1) receiver.data(0, { blocked: true });
    expect(receiver.channels[0]?.windowBytes).toBe(4 * WINDOW);
  });

  it('lets a sender go on that had nothing but its growth to wait for', async () => {
    const pair = sessionPair();
    const far = new Recorder();
    const [own, other] = await openChannel(pair, new Recorder(), far);
    own.write(Buffer.alloc(20 * MIB));
    own.end();
    await turns(40);
    expect([far.bytes, far.events, other.windowBytes]).toEqual([20 * MIB, ['end'], WINDOW]);
  });
});

describe('a reader that stalls', () => {
  it('stops its own channel alone: 20 of them beside bulk and an echo, none sent more than a window', async () => {
    const pair = sessionPair();
    const writers: Channel[] = [];
    for (let i = 0; i < 20; i += 1) {
      const [own, other] = await openChannel(pair);
      const [writer, stalling] = i % 2 ? [own, other] : [other, own];
      stalling.pause();
      writer.write(Buffer.alloc(MIB));
      writers.push(writer);
    }
    await turns(30);
    const bulk = new Recorder();
    const [source] = await openChannel(pair, new Recorder(), bulk);
    const answers = new Recorder();
    const echo = new Recorder();
    const [asking, echoing] = await openChannel(pair, answers, echo);
    echo.onData = (chunk) => void echoing.write(chunk);
    source.write(Buffer.alloc(16 * MIB));
    for (let i = 0; i < 10; i += 1) {
      asking.write(Buffer.from(`ping ${i};`));
      await turns(4);
      expect(answers.text).toContain(`ping ${i};`);
    }
    await turns(20);
    expect(bulk.bytes).toBe(16 * MIB);
    // Each has left what its window takes, and keeps the rest to itself.
    expect(writers.map(({ queuedBytes }) => queuedBytes)).toEqual(Array(20).fill(MIB - WINDOW));
  });
});

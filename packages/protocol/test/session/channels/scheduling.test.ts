// Who gets into a message, in which order and with how much: control, credit, the small that have just woken up, bulk in turns.
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../src/session/channels/channel.ts';
import type { ChannelRequest } from '../../../src/session/channels/channel-request.ts';
import { decodeSessionFrames, encodeSessionFrame, type SessionFrame } from '../../../src/wire/session-frames.ts';
import { type EndOptions, Recorder, SessionEnd } from '../../support/channel-pair.ts';

const NONE = new Uint8Array(0);
const QUANTUM = 65_536;
const MESSAGE = QUANTUM + 8;
const MIB = 1_048_576;

/** A service that has opened `count` channels, which the peer has accepted and granted much; nothing of it goes out by itself. */
function sender(count: number, options: EndOptions = {}): { end: SessionEnd; channels: Channel[] } {
  const end = new SessionEnd('service', options);
  end.isHeld = true;
  end.channels.onPeer({ initialWindowBytes: MIB, maxChannels: 512 });
  const channels = Array.from({ length: count }, () => end.channels.open(NONE, new Recorder()));
  end.frames();
  for (const { id } of channels)
    say(end, { type: 'accept', channel: id, metadata: NONE }, { type: 'credit', channel: id, bytes: 64 * MIB });
  for (const channel of channels) channel.resume();
  end.sent.length = 0;
  return { end, channels };
}

function say(end: SessionEnd, ...frames: SessionFrame[]): void {
  end.receive(Buffer.concat(frames.map(encodeSessionFrame)));
}

/** The next message: `type:channel` of each frame, and the bytes of DATA. */
function message(end: SessionEnd): string[] {
  return decodeSessionFrames(end.compose() ?? Buffer.alloc(0)).map((frame) => {
    if (frame.type === 'end') return 'end';
    return frame.type === 'data' ? `${frame.channel}:${frame.payload.length}` : `${frame.type}:${frame.channel}`;
  });
}

describe('the order in a message', () => {
  it('is control, credit, the small that woke up, bulk', () => {
    const { end, channels } = sender(3);
    const [bulk, small, busy] = channels as [Channel, Channel, Channel];
    bulk.write(Buffer.alloc(MIB));
    small.write(Buffer.alloc(10));
    say(end, { type: 'data', channel: busy.id, payload: Buffer.alloc(QUANTUM), eof: false, blocked: false });
    end.channels.open(NONE, new Recorder());
    expect(message(end)).toEqual(['open:7', 'credit:5', '3:10', `1:${MESSAGE - 8 - 12 - 18 - 8}`]);
  });

  it('a small one does not wait behind the bulk of others, whoever was first', () => {
    const { end, channels } = sender(9);
    for (const channel of channels.slice(1)) channel.write(Buffer.alloc(8 * MIB));
    message(end);
    channels[0]?.write(Buffer.alloc(64));
    expect(message(end)[0]).toBe('1:64');
    channels[0]?.write(Buffer.alloc(4_096));
    expect(message(end)[0]).toBe('1:4096');
    channels[0]?.write(Buffer.alloc(4_097));
    expect(message(end)[0]).not.toMatch(/^1:/);
  });

  it('the small get half of a message, all together, so that bulk goes on', () => {
    const { end, channels } = sender(21);
    channels[0]?.write(Buffer.alloc(MIB));
    for (const channel of channels.slice(1)) channel.write(Buffer.alloc(4_096));
    const first = message(end);
    expect(first.slice(0, 8)).toEqual(channels.slice(1, 9).map(({ id }) => `${id}:4096`));
    expect(first[8]).toMatch(/^1:3\d{4}$/);
    expect(message(end).slice(0, 8)).toEqual(channels.slice(9, 17).map(({ id }) => `${id}:4096`));
  });

  it('a channel that has become bulk while it waited to be small takes its turn as bulk', () => {
    const { end, channels } = sender(2);
    channels[0]?.write(Buffer.alloc(MIB));
    channels[1]?.write(Buffer.alloc(10));
    channels[1]?.write(Buffer.alloc(MIB));
    expect(message(end)).toEqual([`1:${QUANTUM}`]);
    expect(message(end)).toEqual([`3:${QUANTUM}`]);
  });

  it('no byte of a channel comes before its OPEN or ACCEPT, however many frames wait', () => {
    const { end } = sender(0);
    const opened = Array.from({ length: 100 }, () => end.channels.open(Buffer.alloc(2_000), new Recorder()));
    for (const channel of opened) channel.write(Buffer.from('early'));
    const types = end.frames().map(({ type }) => type);
    expect([types.indexOf('data'), types.lastIndexOf('open')]).toEqual([100, 99]);
  });
});

describe('turns', () => {
  it('each sends one quantum, then it is the next one', () => {
    const { end, channels } = sender(3);
    for (const channel of channels) channel.write(Buffer.alloc(MIB));
    expect(Array.from({ length: 7 }, () => message(end)).flat()).toEqual([1, 3, 5, 1, 3, 5, 1].map((id) => `${id}:${QUANTUM}`));
  });

  it('a quantum goes on in the next message, so that those in small messages are served alike', () => {
    const { end, channels } = sender(2, { maxFramesBytes: 16_384 });
    for (const channel of channels) channel.write(Buffer.alloc(4 * MIB));
    const sums = [0, 0];
    for (let i = 0; i < 200; i += 1) {
      for (const said of message(end)) {
        const [id = 0, bytes = 0] = said.split(':').map(Number);
        sums[(id - 1) / 2] = (sums[(id - 1) / 2] ?? 0) + bytes;
      }
    }
    expect(Math.max(...end.sent)).toBeLessThanOrEqual(16_384);
    expect(Math.abs((sums[0] ?? 0) - (sums[1] ?? 0))).toBeLessThanOrEqual(QUANTUM);
  });

  it('who has no credit is left out, and costs the others nothing', () => {
    const { end, channels } = sender(2);
    const poor = end.channels.open(NONE, new Recorder());
    end.frames();
    poor.write(Buffer.alloc(2 * MIB));
    channels[0]?.write(Buffer.alloc(4 * MIB));
    const all = end.frames().filter((frame) => frame.type === 'data');
    expect(all.filter(({ channel }) => channel === poor.id).reduce((sum, { payload }) => sum + payload.length, 0)).toBe(MIB);
    expect(all.filter(({ channel }) => channel === 1).reduce((sum, { payload }) => sum + payload.length, 0)).toBe(4 * MIB);
  });

  it('that were given up leave no gap', () => {
    const { end, channels } = sender(3);
    for (const channel of channels) channel.write(Buffer.alloc(MIB));
    message(end);
    channels[1]?.reset();
    // What is left of a turn is taken in the next message.
    expect(message(end)).toEqual(['reset:3', `5:${QUANTUM - 10}`]);
    expect(message(end)).toEqual(['5:10', `1:${QUANTUM - 18}`]);
  });
});

describe('a message', () => {
  it('is no larger than the quantum and its header, nor than the link allows', () => {
    for (const maxFramesBytes of [131_064, 16_376]) {
      const { end, channels } = sender(40, { maxFramesBytes });
      for (const [index, channel] of channels.entries()) channel.write(Buffer.alloc(index * index * 100));
      for (let i = 0; i < 50; i += 1) end.channels.open(Buffer.alloc(8_192), new Recorder());
      end.frames();
      expect(Math.max(...end.sent)).toBeLessThanOrEqual(Math.min(maxFramesBytes, MESSAGE));
    }
  });

  it('ends where the room is worth no header: bulk comes in the next', () => {
    const { end, channels } = sender(5, { maxFramesBytes: 16_384 });
    channels[0]?.write(Buffer.alloc(MIB));
    for (const [index, bytes] of [4_096, 4_096, 4_096, 3_500].entries()) channels[index + 1]?.write(Buffer.alloc(bytes));
    expect(message(end)).toEqual(['3:4096', '5:4096', '7:4096', '9:3500']);
    expect(message(end)).toEqual(['1:16376']);
  });

  it('has room in front, for the link', () => {
    const { end, channels } = sender(1);
    channels[0]?.write(Buffer.from('abc'));
    const whole = end.channels.compose(100, 20_000) as Buffer;
    expect([whole.length, decodeSessionFrames(whole.subarray(100))]).toMatchObject([111, [{ type: 'data', channel: 1 }]]);
    expect(end.channels.compose(100, 20_000)).toBeUndefined();
  });

  it('of many channels is one: all that is said in a turn goes together', () => {
    const { end, channels } = sender(100);
    for (const channel of channels) channel.write(Buffer.from('hi'));
    expect([message(end).length, end.compose()]).toEqual([100, undefined]);
  });
});

describe('a quiet wake', () => {
  it('is told of a small write beside bulk, not of bulk or of what is left of it', () => {
    const { end, channels } = sender(2);
    const [bulk, small] = channels as [Channel, Channel];
    end.quietWakes = 0;
    bulk.write(Buffer.alloc(MIB));
    message(end);
    expect(end.quietWakes).toBe(0);
    small.write(Buffer.alloc(100));
    expect(end.quietWakes).toBe(1);
    small.write(Buffer.alloc(100));
    expect(end.quietWakes).toBe(1);
    end.frames();
    bulk.write(Buffer.alloc(100));
    expect(end.quietWakes).toBe(1);
    end.frames();
    small.write(Buffer.alloc(4_097));
    expect(end.quietWakes).toBe(1);
  });
});

describe('requests', () => {
  it('that are answered together go out together', () => {
    const end = new SessionEnd('device');
    end.isHeld = true;
    for (const id of [1, 3, 5]) say(end, { type: 'open', channel: id, metadata: NONE });
    const [first, second, third] = end.requests as [ChannelRequest, ChannelRequest, ChannelRequest];
    third.accept(new Recorder()).write(Buffer.from('banner'));
    second.reject('POLICY');
    first.accept(new Recorder());
    expect(message(end)).toEqual(['accept:5', 'reset:3', 'accept:1', '5:6']);
  });
});

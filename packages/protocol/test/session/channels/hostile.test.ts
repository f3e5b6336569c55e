// What a peer may not do ends the session with the fitting code; what merely crosses an end does not.
import { describe, expect, it } from 'vitest';
import { encodeSessionFrame, type SessionFrame } from '../../../src/wire/session-frames.ts';
import { Recorder, SessionEnd, sessionPair, turns } from '../../support/channel-pair.ts';

const NONE = new Uint8Array(0);
const open = (channel: number): SessionFrame => ({ type: 'open', channel, metadata: NONE });
const accept = (channel: number): SessionFrame => ({ type: 'accept', channel, metadata: NONE });
const data = (channel: number, bytes = 1, eof = false): SessionFrame => {
  return { type: 'data', channel, payload: Buffer.alloc(bytes), eof, blocked: false };
};
const reset = (channel: number, code: 'OK' | 'ABORTED' = 'ABORTED'): SessionFrame => ({ type: 'reset', channel, code, reason: '' });
const credit = (channel: number, bytes: number): SessionFrame => ({ type: 'credit', channel, bytes });

/** A device that is given frames; its service is the test. `1` is the service's channel and `2` the device's own, not accepted. */
function victim(): SessionEnd {
  const end = new SessionEnd('device');
  end.channels.onPeer({ initialWindowBytes: 131_072, maxChannels: 4_096 });
  end.receive(encode([open(1)]));
  end.channels.open(NONE, new Recorder());
  return end;
}

function encode(frames: readonly SessionFrame[]): Buffer {
  return Buffer.concat(frames.map(encodeSessionFrame));
}

describe('fatal', () => {
  it.each([
    ['a frame of unknown type', '0700000100000000'],
    ['a truncated frame', '01000001000000ff00'],
    ['half a header', '010000'],
    ['a frame that goes on in the next message', '010000010000000200'],
  ])('%s', (_, hex) => {
    const end = victim();
    end.receive(Buffer.from(hex, 'hex'));
    expect(end.failure?.code).toBe('PROTOCOL');
  });

  it('more sent to a channel that we have reset than it was granted', () => {
    const end = victim();
    end.requests[0]?.reject('REFUSED');
    end.receive(encode([data(1, 131_072)]));
    expect(end.failure).toBeUndefined();
    end.receive(encode([data(1)]));
    expect(end.failure?.code).toBe('FLOW');
  });

  it.each([0, 65_535, 1_048_577])('an initial window out of bounds: %i bytes', (initialWindowBytes) => {
    const end = new SessionEnd('device');
    expect(() => end.channels.onPeer({ initialWindowBytes, maxChannels: 1 })).toThrow(/initial window/);
  });

  it('opens and resets by the thousand, while it takes none of our answers', () => {
    const end = new SessionEnd('device', { onRequest: () => undefined });
    end.isHeld = true;
    const pairs = encode(Array.from({ length: 1_000 }, (__, index) => [open(2 * index + 3), reset(2 * index + 3)]).flat());
    let rounds = 0;
    for (; !end.failure && rounds < 100; rounds += 1) end.receive(pairs);
    expect(end.failure).toMatchObject({ code: 'FLOW' });
    // An answer for each of 65,536.
    expect(rounds).toBe(66);
    expect(end.channels.size).toBe(0);
  });
});

describe('harmless', () => {
  it('ACCEPT, DATA and CREDIT that cross our RESET', () => {
    const recorder = new Recorder();
    const end = victim();
    const channel = end.channels.open(NONE, recorder);
    channel.reset();
    end.receive(
      encode([accept(channel.id), data(channel.id, 100), credit(channel.id, 100), data(channel.id, 0, true), reset(channel.id, 'OK')]),
    );
    expect([end.failure, end.channels.size]).toEqual([undefined, 2]);
    expect([recorder.events, recorder.bytes]).toEqual([[], 0]);
  });
});

describe('limits', () => {
  const limits = { initialWindowBytes: 65_536, maxChannels: 5 };

  it('a channel too many is refused, the others live; a flood of them ends the session', async () => {
    const end = new SessionEnd('device', { limits });
    end.isHeld = true;
    const opens = (from: number, count: number): Buffer => encode(Array.from({ length: count }, (_, index) => open(from + 2 * index)));
    end.receive(opens(1, 6));
    expect(end.requests).toHaveLength(5);
    expect(end.frames()).toEqual([{ type: 'reset', channel: 11, code: 'LIMIT', reason: 'at most 5 channels at once' }]);
    end.receive(opens(13, 1_023));
    expect([end.failure, end.channels.size]).toEqual([undefined, 5 + 1_024]);
    end.receive(encode([data(11, 65_536)]));
    expect(end.failure).toBeUndefined();
    end.receive(opens(9_001, 1));
    expect(end.failure?.code).toBe('FLOW');
  });

  it('while that of the peer is not known, so few channels are opened that they are no flood', () => {
    const end = new SessionEnd('device');
    const openAll = (): void => {
      for (;;) end.channels.open(NONE, new Recorder());
    };
    expect(openAll).toThrow(expect.objectContaining({ resetCode: 'LIMIT' }));
    expect(end.channels.size).toBe(512);
    end.channels.onPeer({ initialWindowBytes: 65_536, maxChannels: 600 });
    expect(openAll).toThrow(expect.objectContaining({ resetCode: 'LIMIT' }));
    expect(end.channels.size).toBe(600);
  });

  it('refused ones are free once the peer has answered, and room is made by those that end', async () => {
    const { service, device } = sessionPair({}, { limits: { ...limits, maxChannels: 2 } });
    // A service that counts wrongly.
    const recorders = Array.from({ length: 3 }, () => new Recorder());
    device.receive(encode([open(101), open(103), open(105)]));
    device.receive(encode([reset(105, 'ABORTED'), reset(101, 'ABORTED')]));
    expect([device.failure, device.channels.size]).toEqual([undefined, 1]);
    device.receive(encode([open(107)]));
    expect(device.requests).toHaveLength(3);
    // One that counts.
    device.receive(encode([reset(103), reset(107)]));
    const [first] = [service.channels.open(NONE, recorders[0] as Recorder), service.channels.open(NONE, recorders[1] as Recorder)];
    expect(() => service.channels.open(NONE, new Recorder())).toThrow(expect.objectContaining({ resetCode: 'LIMIT' }));
    first.reset();
    expect(() => service.channels.open(NONE, new Recorder())).toThrow(expect.objectContaining({ code: 'STREAMS_CHANNEL_RESET' }));
    await turns();
    expect(service.channels.open(NONE, recorders[2] as Recorder).id).toBe(5);
  });
});

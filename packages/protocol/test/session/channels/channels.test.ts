// The life of channels between two ends: opened, answered exactly once, ended or reset in every order, and the end of them all.
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../src/session/channels/channel.ts';
import type { ChannelRequest } from '../../../src/session/channels/channel-request.ts';
import { errorOf } from '../../support/errors.ts';
import { openChannel, Recorder, SessionEnd, sessionPair, turns } from '../../support/channel-pair.ts';

const NONE = new Uint8Array(0);

describe('open', () => {
  it('metadata both ways, data before the answer', async () => {
    const pair = sessionPair();
    const [near, far] = [new Recorder(), new Recorder()];
    const own = pair.service.channels.open(Buffer.from('to ssh'), near);
    own.write(Buffer.from('early'));
    await turns();
    const request = pair.device.requests[0] as ChannelRequest;
    expect([String(request.metadata), own.isAccepted, far.events]).toEqual(['to ssh', false, []]);
    request.accept(far, Buffer.from('welcome')).resume();
    await turns();
    expect([near.metadata, near.events, far.text]).toEqual(['welcome', ['accepted'], 'early']);
  });

  it('all of it in one message, and the answer in one', async () => {
    const { service, device } = sessionPair();
    const own = service.channels.open(NONE, new Recorder());
    own.write(Buffer.from('hello'));
    own.end();
    await turns();
    const other = (device.requests[0] as ChannelRequest).accept(new Recorder());
    other.resume();
    other.end(() => undefined);
    await turns();
    expect([service.sent.length, device.sent.length]).toEqual([1, 1]);
  });

  it('from the device too', async () => {
    const { service, device } = sessionPair();
    const ids = [device.channels.open(NONE, new Recorder()).id, device.channels.open(NONE, new Recorder()).id];
    await turns();
    expect([ids, service.requests.length]).toEqual([[2, 4], 2]);
  });

  it('is refused with a reason', async () => {
    const pair = sessionPair();
    const near = new Recorder();
    pair.service.channels.open(NONE, near).write(Buffer.from('never read'));
    await turns();
    pair.device.requests[0]?.reject('UNREACHABLE', 'nobody listens on port 22');
    await turns();
    expect(near.reset).toEqual({ code: 'UNREACHABLE', reason: 'nobody listens on port 22' });
    expect(near.events).toEqual(['reset UNREACHABLE', 'closed']);
    expect([pair.service.channels.size, pair.device.channels.size]).toEqual([0, 0]);
  });

  it('is answered once', async () => {
    const pair = sessionPair();
    for (let i = 0; i < 2; i += 1) pair.service.channels.open(NONE, new Recorder());
    await turns();
    const [first, second] = pair.device.requests as [ChannelRequest, ChannelRequest];
    first.accept(new Recorder());
    second.reject('REFUSED');
    for (const request of [first, second]) {
      expect(errorOf(() => request.accept(new Recorder())).code).toBe('STREAMS_INVALID_STATE');
      expect(errorOf(() => request.reject('POLICY')).code).toBe('STREAMS_INVALID_STATE');
    }
  });

  it('that is taken back tells the one who has not answered yet', async () => {
    const pair = sessionPair();
    const own = pair.service.channels.open(NONE, new Recorder());
    await turns();
    const request = pair.device.requests[0] as ChannelRequest;
    const gone: unknown[] = [];
    request.onGone = (reset) => gone.push(reset);
    own.reset('TIMEOUT', 'too slow');
    await turns();
    expect(gone).toEqual([{ code: 'TIMEOUT', reason: 'too slow' }]);
    expect(errorOf(() => request.accept(new Recorder()))).toMatchObject({ code: 'STREAMS_CHANNEL_RESET', resetCode: 'TIMEOUT' });
    expect([pair.service.channels.size, pair.device.channels.size]).toEqual([0, 0]);
  });

  it('whose handler throws before its answer is refused, and the next frames still come', async () => {
    const thrown: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error.message));
    try {
      let calls = 0;
      const onRequest = (request: ChannelRequest): void => {
        calls += 1;
        if (calls === 2) request.accept(new Recorder());
        throw new Error(`handler ${calls}`);
      };
      const { service } = sessionPair({}, { onRequest });
      const [first, second] = [new Recorder(), new Recorder()];
      service.channels.open(NONE, first);
      service.channels.open(NONE, second);
      await turns();
      expect([first.events, second.events, thrown]).toEqual([['reset INTERNAL', 'closed'], ['accepted'], ['handler 1', 'handler 2']]);
    } finally {
      process.setUncaughtExceptionCaptureCallback(null);
    }
  });

  it('not with more than 8 KiB of metadata, either way', async () => {
    const { service, device } = sessionPair();
    expect(errorOf(() => service.channels.open(Buffer.alloc(8_193), new Recorder())).code).toBe('STREAMS_TOO_LARGE');
    service.channels.open(Buffer.alloc(8_192), new Recorder());
    await turns();
    const request = device.requests[0] as ChannelRequest;
    expect(errorOf(() => request.accept(new Recorder(), Buffer.alloc(8_193))).code).toBe('STREAMS_TOO_LARGE');
    expect(request.accept(new Recorder(), Buffer.alloc(8_192)).isAccepted).toBe(true);
  });
});

describe('the implicit channel', () => {
  it('is there at once on both sides, and the session ends with it', async () => {
    const { service, device } = sessionPair();
    const [near, far] = [new Recorder(), new Recorder()];
    const channels = [service.channels.openImplicit(near), device.channels.openImplicit(far)] as const;
    for (const channel of channels) channel.resume();
    channels[0].write(Buffer.from('ping'));
    channels[1].write(Buffer.from('pong'));
    await turns();
    expect([near.text, far.text, channels[0].isAccepted]).toEqual(['pong', 'ping', true]);
    for (const channel of channels) channel.end();
    await turns();
    expect([near.events, far.events]).toEqual([
      ['end', 'closed'],
      ['end', 'closed'],
    ]);
    expect([service.ends, device.ends]).toEqual([1, 1]);
  });

  it('carries data before the peer is known, as much as every peer grants', () => {
    const service = new SessionEnd('service');
    service.channels.openImplicit(new Recorder()).write(Buffer.alloc(200_000));
    expect(service.frames().map((frame) => frame.type === 'data' && [frame.payload.length, frame.blocked])).toEqual([[65_536, true]]);
    service.channels.onPeer({ initialWindowBytes: 131_072, maxChannels: 1 });
    expect(service.frames()).toMatchObject([{ type: 'data', channel: 1, eof: false, blocked: true }]);
  });
});

describe('half-close', () => {
  it('one direction ends, the other goes on', async () => {
    const pair = sessionPair();
    const [near, far] = [new Recorder(), new Recorder()];
    const [own, other] = await openChannel(pair, near, far);
    own.write(Buffer.from('question'));
    own.end();
    await turns();
    expect([far.text, far.events]).toEqual(['question', ['end']]);
    other.write(Buffer.from('answer'));
    await turns();
    expect(near.text).toBe('answer');
    other.end();
    await turns();
    expect([near.events, far.events]).toEqual([
      ['accepted', 'end', 'closed'],
      ['end', 'closed'],
    ]);
    expect([pair.service.channels.size, pair.device.channels.size]).toEqual([0, 0]);
  });

  it('an end waits behind bytes that nobody reads, and the id is free all the same', async () => {
    const pair = sessionPair();
    const far = new Recorder();
    const [own, other] = await openChannel(pair, new Recorder(), far);
    other.pause();
    own.write(Buffer.from('unread'));
    own.end();
    other.end();
    await turns();
    expect([far.events, pair.device.channels.size]).toEqual([[], 0]);
    other.resume();
    await turns();
    expect([far.text, far.events]).toEqual(['unread', ['end', 'closed']]);
  });

  it('nothing is written after it', async () => {
    const [own] = await openChannel(sessionPair());
    own.end();
    own.end();
    expect(errorOf(() => own.write(Buffer.from('late'))).code).toBe('STREAMS_INVALID_STATE');
    own.reset();
    expect(own.write(Buffer.from('later'))).toBe(true);
  });
});

describe('crossings', () => {
  const both = ([a, b]: readonly [Channel, Channel]): Channel[] => [a, b];
  const orders: [string, (channels: readonly [Channel, Channel]) => void][] = [
    ['both reset', (pair) => both(pair).forEach((channel) => channel.reset())],
    [
      'both end, both reset',
      (pair) => [...both(pair).map((channel) => () => channel.end()), ...both(pair).map((c) => () => c.reset())].forEach((act) => act()),
    ],
    ['one ends, the other resets', ([a, b]) => [a.end(), b.reset()]],
    ['one resets, the other ends', ([a, b]) => [a.reset(), b.end()]],
    ['one ends and resets, the other ends', ([a, b]) => [a.end(), b.end(), a.reset()]],
    ['one ends, the other ends and resets', ([a, b]) => [a.end(), b.end(), b.reset()]],
    ['one writes, the other resets', ([a, b]) => [a.write(Buffer.alloc(300_000)), b.reset()]],
    ['both write and reset', (pair) => both(pair).forEach((channel) => [channel.write(Buffer.alloc(300_000)), channel.reset()])],
  ];

  it.each(orders)('%s: both are free', async (_, act) => {
    // Each order once unsent, and once with the frames of either side, or both, on their way.
    for (const sentFirst of [[], ['service'], ['device'], ['service', 'device']] as ('service' | 'device')[][]) {
      const pair = sessionPair();
      const records = [new Recorder(), new Recorder()] as const;
      const channels = await openChannel(pair, ...records);
      act(channels);
      const messages = sentFirst.map((side) => [side, pair[side].compose()] as const);
      for (const [side, message] of messages) if (message) pair[side === 'service' ? 'device' : 'service'].receive(message);
      for (const channel of channels) channel.end();
      await turns(10);
      expect([sentFirst, pair.service.channels.size, pair.device.channels.size]).toEqual([sentFirst, 0, 0]);
      expect([pair.service.failure, pair.device.failure]).toEqual([undefined, undefined]);
      for (const { events } of records) expect(events.filter((event) => event === 'closed')).toHaveLength(1);
    }
  });

  it('a reset overtakes what its side has not sent, and drops what the other has not read', async () => {
    const pair = sessionPair();
    const far = new Recorder();
    const [own, other] = await openChannel(pair, new Recorder(), far);
    other.pause();
    own.write(Buffer.from('unread'));
    await turns();
    own.write(Buffer.from('unsent'));
    own.reset('ABORTED', 'enough');
    await turns();
    other.resume();
    expect([far.reset, far.bytes, far.events]).toEqual([{ code: 'ABORTED', reason: 'enough' }, 0, ['reset ABORTED', 'closed']]);
  });
});

describe('the end of the session', () => {
  it('waits for all channels, then both know', async () => {
    const pair = sessionPair();
    const [own, other] = await openChannel(pair);
    pair.service.channels.end();
    await turns();
    expect([pair.service.ends, pair.device.ends, pair.service.channels.isEnding]).toEqual([0, 0, true]);
    expect(errorOf(() => pair.service.channels.open(NONE, new Recorder())).code).toBe('STREAMS_INVALID_STATE');
    own.end();
    other.end();
    await turns();
    expect([pair.service.ends, pair.device.ends, pair.device.channels.isEnding]).toEqual([1, 1, true]);
    const sentBefore = pair.device.sent.length;
    pair.device.channels.end();
    await turns();
    expect([pair.service.ends, pair.device.ends, pair.device.sent.length]).toEqual([1, 1, sentBefore]);
  });

  it('refuses a channel that crosses it', async () => {
    const pair = sessionPair();
    const late = new Recorder();
    pair.service.channels.end();
    pair.device.channels.open(NONE, late);
    await turns();
    expect(late.reset).toMatchObject({ code: 'REFUSED' });
    expect([pair.service.ends, pair.device.ends, pair.service.requests]).toEqual([1, 1, []]);
  });

  it('lost: each channel is reset, and nothing goes out or can be opened', async () => {
    const pair = sessionPair();
    const [near, waiting, gone] = [new Recorder(), new Recorder(), [] as unknown[]];
    await openChannel(pair, near);
    pair.service.channels.open(NONE, waiting);
    pair.device.channels.open(NONE, new Recorder());
    await turns();
    (pair.service.requests[0] as ChannelRequest).onGone = (reset) => gone.push(reset);
    pair.service.channels.lose(4411, 'no way back');
    const reset = { code: 'SESSION_LOST', reason: 'no way back', closeCode: 4411 };
    expect([near.reset, waiting.reset, gone]).toEqual([reset, reset, [reset]]);
    expect([pair.service.channels.size, pair.service.compose()]).toEqual([0, undefined]);
    expect(errorOf(() => pair.service.channels.open(NONE, near))).toMatchObject({ resetCode: 'SESSION_LOST' });
    await turns();
    expect(near.events).toEqual(['accepted', 'reset SESSION_LOST', 'closed']);
    pair.service.channels.lose(4411, 'again');
    expect(near.events).toHaveLength(3);
  });
});

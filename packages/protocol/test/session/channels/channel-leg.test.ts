// A channel seen as a leg: what becomes of its messages, of its answers, and of each way in which it ends.
import { describe, expect, it } from 'vitest';
import { ChannelLeg, type ChannelLegOptions } from '../../../src/session/channels/channel-leg.ts';
import type { ChannelRequest } from '../../../src/session/channels/channel-request.ts';
import type { LegEnd, LegMessage } from '../../../src/leg/leg.ts';
import { CHANNEL_FIN } from '../../../src/stream/framing.ts';
import { sessionPair, turns } from '../../support/channel-pair.ts';

/** Two legs over one channel, and what happens on them. */
async function legPair(options: ChannelLegOptions = {}): Promise<{
  readonly pair: ReturnType<typeof sessionPair>;
  readonly near: ChannelLeg;
  readonly far: ChannelLeg;
  readonly seen: { near: (LegMessage | LegEnd)[]; far: (LegMessage | LegEnd)[] };
}> {
  const pair = sessionPair();
  const near = new ChannelLeg((handler) => pair.service.channels.open(Buffer.from('to ssh'), handler), options);
  await turns();
  const request = pair.device.requests[0] as ChannelRequest;
  const far = new ChannelLeg((handler) => request.accept(handler, Buffer.from('welcome')));
  const seen = { near: [] as (LegMessage | LegEnd)[], far: [] as (LegMessage | LegEnd)[] };
  for (const [leg, list] of [
    [near, seen.near],
    [far, seen.far],
  ] as const) {
    leg.on('message', (message) => list.push(typeof message === 'string' ? message : Buffer.from(message).toString()));
    leg.on('close', (end) => list.push(end));
    leg.resume();
  }
  return { pair, near, far, seen };
}

describe('an answer', () => {
  it('is the other side’s metadata', async () => {
    const { near } = await legPair();
    expect(Buffer.from(await near.accepted).toString()).toBe('welcome');
  });

  it('is an error with code and words where it is no', async () => {
    const pair = sessionPair();
    const near = new ChannelLeg((handler) => pair.service.channels.open(new Uint8Array(0), handler));
    const ends: LegEnd[] = [];
    near.on('close', (end) => ends.push(end));
    await turns();
    pair.device.requests[0]?.reject('UNREACHABLE', 'nothing listens on port 22');
    await expect(near.accepted).rejects.toMatchObject({
      code: 'STREAMS_CHANNEL_RESET',
      resetCode: 'UNREACHABLE',
      reason: 'nothing listens on port 22',
    });
    expect(ends).toMatchObject([{ code: 4400, reason: 'nothing listens on port 22' }]);
  });

  it.each([
    ['REFUSED', 'refused'],
    ['UNREACHABLE', 'unreachable'],
    ['ABORTED', ''],
  ] as const)('without words is what its code means: %s', async (code, reason) => {
    const { near, pair, seen } = await legPair();
    near.channel.reset(code);
    await turns();
    expect(seen.far).toMatchObject([{ code: 4400, reason, violation: false }]);
    expect([pair.service.channels.size, pair.device.channels.size]).toEqual([0, 0]);
  });
});

describe('messages', () => {
  it('are bytes as they are, and the end of a direction behind them; each is told of once it was copied', async () => {
    const { near, far, seen } = await legPair();
    const told: string[] = [];
    near.send(Buffer.from('one'), () => told.push('one'));
    near.send(CHANNEL_FIN, () => told.push('fin'));
    expect([near.bufferedBytes, near.copies, near.borrows, told]).toEqual([3, false, true, []]);
    await turns();
    far.send(Buffer.from('two'));
    await turns();
    expect([seen.far, seen.near, told, near.bufferedBytes]).toEqual([['one', CHANNEL_FIN], ['two'], ['one', 'fin'], 0]);
  });

  it('are not told of after the end of the leg', async () => {
    const { near, pair } = await legPair();
    const told: string[] = [];
    near.send(Buffer.from('one'), () => told.push('one'));
    pair.service.flush();
    near.terminate();
    await turns();
    expect(told).toEqual([]);
  });

  it('do not come while the leg is paused, nor after it was closed', async () => {
    const { near, far, seen } = await legPair();
    far.pause();
    near.send(Buffer.from('one'));
    await turns();
    expect(seen.far).toEqual([]);
    far.resume();
    far.close(4400, 'enough');
    near.send(Buffer.from('two'));
    await turns();
    expect(seen.far).toMatchObject(['one', { code: 4400, reason: 'enough' }]);
    expect(seen.near).toMatchObject([{ code: 4400, reason: 'enough' }]);
  });
});

describe('an end', () => {
  it('is clean once both directions have ended, and waits for whoever wants to be sure', async () => {
    const settles: ((end: LegEnd) => void)[] = [];
    const { near, far, seen } = await legPair({ beforeCleanClose: (settle) => void settles.push(settle) });
    for (const leg of [near, far]) leg.send(CHANNEL_FIN);
    await turns();
    for (const leg of [near, far]) leg.close(1000);
    near.close(1000);
    await turns();
    expect([seen.near, settles.length]).toEqual([[CHANNEL_FIN], 1]);
    expect(seen.far).toMatchObject([CHANNEL_FIN, { code: 1000 }]);
    settles[0]?.({ code: 1000, reason: '', violation: false });
    await turns();
    expect(seen.near).toMatchObject([CHANNEL_FIN, { code: 1000 }]);
  });

  it('that waits is cut by another', async () => {
    const { near, far, seen } = await legPair({ beforeCleanClose: () => undefined });
    for (const leg of [near, far]) leg.send(CHANNEL_FIN);
    await turns();
    near.close(1000);
    near.close(4400, 'no patience');
    await turns();
    expect(seen.near).toMatchObject([CHANNEL_FIN, { code: 4400, reason: 'no patience' }]);
  });

  it('too early is a reset for the other side', async () => {
    const { near, seen } = await legPair();
    near.close(1000);
    await turns();
    expect(seen.far).toMatchObject([{ code: 4400 }]);
  });

  it('carries up to 123 bytes of words, and those of an abort alone', async () => {
    const [abort, violation] = [await legPair(), await legPair()];
    abort.near.close(4400, '€'.repeat(50));
    violation.near.close(1002, 'nobody’s business');
    await turns();
    expect(abort.seen.far).toMatchObject([{ code: 4400, reason: '€'.repeat(41) }]);
    expect(violation.seen.far).toMatchObject([{ code: 4400, reason: '' }]);
    expect(violation.seen.near).toMatchObject([{ code: 1002, reason: 'nobody’s business' }]);
  });

  it('is told of once, later, whatever comes together', async () => {
    const { near, far, pair, seen } = await legPair();
    near.terminate();
    expect(seen.near).toEqual([]);
    near.close(4400);
    far.terminate();
    near.requireLife();
    pair.service.channels.lose(4411, 'lost');
    await turns();
    expect([seen.near, seen.far].map((list) => list.map((end) => (end as LegEnd).code))).toEqual([[1006], [1006]]);
  });

  it.each([
    [4411, 4411],
    [1008, 1008],
  ])('of the session has its close code: %i', async (code, expected) => {
    const { pair, seen } = await legPair();
    pair.service.channels.lose(code, 'no way back');
    await turns();
    expect(seen.near).toMatchObject([{ code: expected, reason: 'no way back', violation: false }]);
  });
});

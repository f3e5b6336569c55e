// Who may open a stream, and whose place is whose: the hub's, a policy's, a device's, and a session's.
import type { LimitOptions } from '@streams/hub';
import { StreamsError } from '@streams/protocol/internal';
import { FakeClock, seededRandom } from '@streams/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { LimitsInForce } from '../../src/config/limits-in-force.ts';
import { silentObserver } from '../../src/diagnostics/observer.ts';
import { StreamLimits } from '../../src/streams/limits.ts';
import type { StreamRequest } from '../../src/streams/negotiation.ts';

let clock: FakeClock;
let limits: LimitsInForce;
let streams: StreamLimits;
let reached: string[];
let lastId = 0;
beforeEach(() => renew({}));

function renew(options: LimitOptions): void {
  clock = new FakeClock();
  reached = [];
  limits = new LimitsInForce(options);
  const observer = { ...silentObserver, limitReached: (limit: string) => reached.push(limit) };
  streams = new StreamLimits({ limits, clock, random: seededRandom(1), observer });
}

function admit(deviceId = 'a', policy = 'p', resumes?: string, streamId = `s-${(lastId += 1)}`): () => void {
  return streams.admit({ deviceId, policy: { name: policy, grants: [] }, resumes } as unknown as StreamRequest, streamId);
}

function refusal(...args: Parameters<typeof admit>): unknown {
  try {
    admit(...args);
  } catch (error) {
    return StreamsError.is(error) && { code: error.wireCode, ...error.details, retryAfterMs: error.retryAfterMs };
  }
  throw new Error('was admitted');
}

describe('streams at once', () => {
  it.each([
    { limit: 'maxStreams', other: ['b', 'q'], same: ['c', 'r'] },
    { limit: 'maxStreamsPerPolicy', other: ['a', 'q'], same: ['b', 'p'] },
    { limit: 'maxStreamsPerDevice', other: ['b', 'p'], same: ['a', 'q'] },
  ] as const)('$limit', ({ limit, other, same }) => {
    renew({ [limit]: 2 });
    const leave = admit('a', 'p');
    const others = limit === 'maxStreams' ? [] : [admit(...other), admit(...other)];
    admit(...same);
    expect(refusal(...same)).toMatchObject({ code: 'TOO_MANY_STREAMS', limit, max: 2 });
    expect(refusal('a', 'p')).toMatchObject({ code: 'TOO_MANY_STREAMS', limit });
    leave();
    admit('a', 'p');
    expect(reached).toEqual([limit, limit]);
    for (const end of others) end();
  });

  it('fewer than there are ends none, and lets none in until they are fewer', () => {
    const leave = [admit(), admit(), admit()];
    limits.update({ maxStreams: 2 });
    leave[0]?.();
    expect(refusal()).toMatchObject({ limit: 'maxStreams', max: 2 });
    leave[1]?.();
    admit();
    limits.update({ maxStreams: false });
    admit();
  });
});

describe('new streams per second', () => {
  it.each(['newStreamsPerSecond', 'newStreamsPerSecondPerPolicy', 'newStreamsPerSecondPerDevice'] as const)('%s', async (limit) => {
    renew({ [limit]: 5 });
    for (let stream = 0; stream < 10; stream += 1) admit()();
    const throttled = refusal() as { retryAfterMs: number };
    expect(throttled).toMatchObject({ code: 'THROTTLED', limit, max: 5 });
    expect(throttled.retryAfterMs).toBeGreaterThanOrEqual(200);
    expect(throttled.retryAfterMs).toBeLessThan(1_200);
    if (limit !== 'newStreamsPerSecond') admit('b', 'q');
    await clock.advance(200);
    admit();
    refusal();
    limits.update({ [limit]: 1_000 });
    await clock.advance(1);
    admit();
    expect(reached).toEqual([limit, limit]);
  });

  it('what is refused costs nobody a token', async () => {
    renew({ newStreamsPerSecond: 1, maxStreamsPerDevice: 1 });
    admit();
    for (let attempt = 0; attempt < 10; attempt += 1) refusal();
    admit('b');
    expect(refusal('c')).toMatchObject({ code: 'THROTTLED' });
  });
});

describe('a session', () => {
  it('keeps its place while it moves from one leg to the next', () => {
    renew({ maxStreams: 1 });
    const first = admit('a', 'p', undefined, 'session');
    const second = admit('a', 'p', 'session');
    first();
    refusal();
    const third = admit('a', 'p', 'session');
    second();
    third();
    admit();
  });

  it('has one place more for each further leg, and none in another’s name', () => {
    renew({ maxStreams: 1 });
    admit('a', 'p', undefined, 'session');
    for (const [deviceId, policy] of [
      ['b', 'p'],
      ['a', 'q'],
    ]) {
      expect(refusal(deviceId, policy, 'session')).toMatchObject({ code: 'TOO_MANY_STREAMS' });
    }
    admit('a', 'p', 'session');
    expect(refusal('a', 'p', 'session')).toMatchObject({ code: 'TOO_MANY_STREAMS' });
  });

  it('that has lost its leg takes a place again when it comes back', () => {
    renew({ maxStreams: 1 });
    admit('a', 'p', undefined, 'session')();
    const other = admit();
    refusal('a', 'p', 'session');
    other();
    admit('a', 'p', 'session');
  });
});

describe('what waits for slow receivers', () => {
  it('D14 from maxQueuedBytes on no stream is opened, until it has become less', async () => {
    renew({ maxQueuedBytes: 1_048_576 });
    const off = (): void => undefined;
    const legs = { device: { bufferedBytes: 1_000_000, off }, service: { bufferedBytes: 48_575, off } };
    admit('a', 'p', undefined, 'session');
    const end = streams.watch({} as never, legs as never, 'session');
    admit();
    legs.service.bufferedBytes += 1;
    // It does not look each time.
    admit();
    await clock.advance(250);
    expect(refusal()).toMatchObject({ code: 'OVERLOADED', limit: 'maxQueuedBytes', max: 1_048_576, retryAfterMs: expect.any(Number) });
    expect(reached).toEqual(['maxQueuedBytes']);
    // The next leg of a session takes no new place.
    admit('a', 'p', 'session');
    end({ closeCode: 1000 } as never);
    await clock.advance(250);
    admit();
  });
});

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
  const MAX = 1_048_576;
  let closed: string[];
  beforeEach(() => {
    renew({ maxQueuedBytes: MAX });
    closed = [];
  });

  /** A stream that runs; what it is given can change. @returns also its end. */
  function run(
    id: string,
    bufferedBytes: number,
    stalledAtMs = Infinity,
  ): { relay: { stalledAtMs: number }; device: { bufferedBytes: number }; end: () => void } {
    const device = { bufferedBytes, off: () => undefined };
    const relay = { stalledAtMs, drop: (code: number, reason: string) => closed.push(`${id} ${code} ${reason}`) };
    const ended = streams.watch(relay as never, { device, service: { ...device, bufferedBytes: 0 } } as never, id);
    return { relay, device, end: () => ended({ closeCode: 1000 } as never) };
  }

  it('D14 from three quarters of maxQueuedBytes on no stream is opened, until it has become less', async () => {
    const { device, end } = run('session', 0.75 * MAX - 1);
    admit('a', 'p', undefined, 'session');
    device.bufferedBytes += 1;
    // It does not look each time.
    admit();
    await clock.advance(250);
    expect(refusal()).toMatchObject({ code: 'OVERLOADED', limit: 'maxQueuedBytes', max: MAX, retryAfterMs: expect.any(Number) });
    expect(reached).toEqual(['maxQueuedBytes']);
    // The next leg of a session takes no new place.
    admit('a', 'p', 'session');
    end();
    await clock.advance(250);
    admit();
    expect(closed).toEqual([]);
  });

  it('D14 beyond it those end that have been stalled for longest, and no more than need be', async () => {
    const [, quick, ...others] = [run('late', MAX / 2, 30), run('quick', MAX / 2), run('first', MAX / 8, 10), run('second', MAX / 8, 20)];
    streams.stalled();
    await clock.advance(249);
    expect(closed).toEqual([]);
    await clock.advance(1);
    expect(closed).toEqual(['first 1013 OVERLOADED;retry=1', 'second 1013 OVERLOADED;retry=1']);
    expect(reached).toEqual(['maxQueuedBytes', 'maxQueuedBytes']);
    // What grows without being stalled is left alone, and who has been told is told once.
    Object.assign(quick?.device ?? {}, { bufferedBytes: 0.6 * MAX });
    await clock.advance(1_000);
    expect(closed.slice(2)).toEqual(['late 1013 OVERLOADED;retry=1']);
    quick?.end();
    for (const { end } of others) end();
  });

  it('D14 many that become slow at once are seen before any time has passed', () => {
    const first = run('first', MAX / 2, 10);
    const rest = Array.from({ length: 4 }, (_, index) => run(`${index}`, MAX / 4, 20));
    // Each has 128 KiB at least: eight are as much as the bound.
    for (let stalls = 0; stalls < 8; stalls += 1) streams.stalled();
    expect(closed).toEqual([]);
    streams.stalled();
    expect(closed).toEqual(['first 1013 OVERLOADED;retry=1']);
    for (const { end } of [first, ...rest]) end();
    expect(clock.pendingTimers).toBe(0);
  });

  it('D14 nobody looks while nothing is slow, and no timer outlives the streams', async () => {
    const one = run('one', MAX * 2, 5);
    await clock.advance(10_000);
    expect(closed).toEqual([]);
    streams.stalled();
    expect(clock.pendingTimers).toBe(1);
    one.end();
    expect(clock.pendingTimers).toBe(0);
    streams.stalled();
    limits.update({ maxQueuedBytes: false });
    const other = run('other', MAX * 2, 5);
    streams.stalled();
    expect(clock.pendingTimers).toBe(0);
    // A limit that is set anew is kept at once.
    limits.update({ maxQueuedBytes: MAX });
    await clock.advance(250);
    expect(closed).toEqual(['other 1013 OVERLOADED;retry=1']);
    other.end();
  });
});

// The poller: polite to the hub, and quick when somebody wants to know.
import { deferred, type Deferred } from '@streams/protocol/internal';
import { FakeClock } from '@streams/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { Poller } from '../../portal/poller.ts';

const EVERY_MS = 5_000;
let clock: FakeClock;
let watched: boolean;
/** Runs under way and past; each ends when the test says so. */
let runs: { readonly end: Deferred<void>; readonly signal: AbortSignal }[];
let waits: number[];
/** What `onFailure` answers; `undefined`: as long as the poller would wait. */
let answer: ((waitMs: number) => number | undefined) | undefined;
let poller: Poller;

beforeEach(() => {
  clock = new FakeClock();
  watched = true;
  runs = [];
  waits = [];
  answer = undefined;
  const poll = {
    everyMs: EVERY_MS,
    run: (signal: AbortSignal): Promise<void> => {
      const end = deferred<void>();
      runs.push({ end, signal });
      return end.promise;
    },
    onSuccess: (): void => undefined,
    onFailure: (_: unknown, waitMs: number): number | undefined => {
      waits.push(waitMs);
      return answer ? answer(waitMs) : waitMs;
    },
  };
  const world = {
    nowMs: () => clock.monotonicMs(),
    after: (ms: number, callback: () => void) => clock.after(ms, callback),
    random: () => 1,
    isWatched: () => watched,
  };
  poller = new Poller(poll, world);
});

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function succeed(): Promise<void> {
  runs.at(-1)?.end.resolve();
  await settle();
}

async function fail(): Promise<void> {
  runs.at(-1)?.end.reject(new Error('no answer'));
  await settle();
}

describe('while all goes well', () => {
  it('runs once an interval, and never twice at once', async () => {
    poller.now();
    await clock.advance(EVERY_MS * 3);
    expect(runs).toHaveLength(1);
    runs.length = 0;
    poller.now();
    await succeed();
    await clock.advance(EVERY_MS - 1);
    expect(runs).toHaveLength(1);
    await clock.advance(1);
    expect(runs).toHaveLength(2);
  });

  it('asks a slow hub less often', async () => {
    poller.now();
    await clock.advance(3_000);
    await succeed();
    await clock.advance(14_999);
    expect(runs).toHaveLength(1);
    await clock.advance(1);
    expect(runs).toHaveLength(2);
  });

  it('rests while nobody looks, and runs at once when somebody does', async () => {
    poller.now();
    watched = false;
    await succeed();
    await clock.advance(EVERY_MS * 10);
    expect(runs).toHaveLength(1);
    watched = true;
    poller.wake();
    poller.wake();
    expect(runs).toHaveLength(2);
  });

  it('now gives up what runs, and what came of it is no longer wanted', async () => {
    poller.now();
    poller.now();
    expect(runs.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    runs[0]?.end.reject(new Error('aborted'));
    await succeed();
    expect(waits).toEqual([]);
  });

  it('stops', async () => {
    poller.now();
    poller.stop();
    expect(runs[0]?.signal.aborted).toBe(true);
    await clock.advance(EVERY_MS * 10);
    poller.wake();
    expect(runs).toHaveLength(1);
  });
});

describe('while nothing works', () => {
  it('waits twice as long each time, a minute at the most, and soon again after a success', async () => {
    poller.now();
    for (let i = 0; i < 6; i += 1) {
      await fail();
      await clock.advance(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
    expect(runs).toHaveLength(7);
    await succeed();
    await clock.advance(EVERY_MS);
    await fail();
    expect(waits.at(-1)).toBe(10_000);
  });

  it('keeps to a longer wait that was asked for', async () => {
    answer = (waitMs) => waitMs + 7_000;
    poller.now();
    await fail();
    await clock.advance(16_999);
    expect(runs).toHaveLength(1);
    await clock.advance(1);
    expect(runs).toHaveLength(2);
  });

  it('gives up where waiting does not help, until it is asked to', async () => {
    answer = () => undefined;
    poller.now();
    await fail();
    await clock.advance(1_000_000);
    poller.wake();
    expect(runs).toHaveLength(1);
    poller.now();
    expect(runs).toHaveLength(2);
  });
});

// Redial: when it asks the hub for another leg, how long it waits between two attempts, and what ends that.
import {
  clientLogger,
  createError,
  memoryLegPair,
  OpenSessions,
  REDIAL_BASE_MS,
  REDIAL_CAP_MS,
  Session,
  StreamsError,
} from '@streams/protocol/internal';
import { FakeClock, seededRandom } from '@streams/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { OpenContext } from '../src/handshake.ts';
import type { RestCall } from '../src/rest.ts';
import { keepSession, type Redial } from '../src/redial.ts';

interface Scene {
  readonly clock: FakeClock;
  readonly session: Session;
  readonly redial: Redial;
  readonly events: string[];
  /** When the hub was asked, and what for. */
  readonly asked: { readonly atMs: number; readonly body: unknown }[];
  /** What it answers. */
  refusal: Error;
  /** Cuts the leg, and lets the session see it. */
  readonly cut: () => Promise<void>;
}

/** A session on one leg, whose hub refuses whatever it is asked. */
function start(seed = 1): Scene {
  const clock = new FakeClock();
  const random = seededRandom(seed);
  const asked: Scene['asked'] = [];
  const call = ({ body }: RestCall): Promise<never> => {
    asked.push({ atMs: clock.monotonicMs(), body });
    return Promise.reject(scene.refusal);
  };
  const sessions = new OpenSessions<void>(clock);
  const context = { rest: { call }, clock, random, logger: clientLogger(undefined), sessions } as unknown as OpenContext;
  const session = new Session({ role: 'service', id: 'A'.repeat(22), clock, random });
  const [leg] = memoryLegPair(clock);
  session.attach(sessions.keep(leg));
  const events: string[] = [];
  session.on('suspended', () => events.push('suspended'));
  session.on('closed', (error) => events.push(`closed ${error?.failure}`));
  const redial = keepSession(context, session, {
    deviceId: 'pump-7',
    body: { name: 'default', headers: {}, protocols: [], timeoutMs: 1 } as never,
  });
  const cut = async (): Promise<void> => {
    leg.terminate();
    await turns();
  };
  onTestFinished(async () => {
    session.fail('ENDED', 'the test is over');
    await clock.advance(1_000);
    expect(clock.pendingTimers).toBe(0);
  });
  const refusal = createError('DEVICE_NOT_CONNECTED');
  const scene: Scene = { clock, session, redial, events, asked, refusal, cut };
  return scene;
}

/** Time stands still. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

describe('a lost leg', () => {
  it('is asked for at once, then after a random time that doubles up to a cap', async () => {
    const scene = start();
    await scene.cut();
    expect(scene.asked).toMatchObject([{ atMs: 0, body: { resumes: 'A'.repeat(22), resumeCount: 1, protocols: ['streams.session.v1'] } }]);
    await scene.clock.advance(110_000);
    const gaps = scene.asked.slice(1).map(({ atMs }, index) => atMs - (scene.asked[index]?.atMs ?? 0));
    expect(gaps.length).toBeGreaterThan(30);
    for (const [index, gap] of gaps.entries()) {
      expect(gap).toBeLessThanOrEqual(Math.max(1, Math.min(REDIAL_CAP_MS, REDIAL_BASE_MS * 2 ** (index + 1))));
    }
    expect(Math.max(...gaps)).toBeGreaterThan(REDIAL_CAP_MS * 0.8);
    // Not beating together.
    expect(new Set(gaps.slice(-10)).size).toBe(10);
  });

  it('E10 is not asked for before the hub wants to be asked, and never after the resume time', async () => {
    const scene = start();
    scene.refusal = new StreamsError('OVERLOADED', { retryAfterMs: 50_000 });
    await scene.cut();
    await scene.clock.advance(119_999);
    expect(scene.asked.map(({ atMs }) => atMs)).toEqual([0, 50_000, 100_000]);
    await scene.clock.advance(60_000);
    expect([scene.events, scene.asked.length]).toEqual([['suspended', 'closed RESUME_TIMEOUT'], 3]);
  });

  it('E10 whose refusal is for good ends the session at once', async () => {
    const scene = start();
    scene.refusal = createError('FORBIDDEN');
    await scene.cut();
    expect(scene.events).toEqual(['suspended', 'closed REVOKED']);
    await scene.clock.advance(60_000);
    expect(scene.asked).toHaveLength(1);
  });
});

describe('a leg that is to go, and still stands', () => {
  it('has a successor asked for until one comes', async () => {
    const scene = start();
    scene.session.emit('drain', 10_000);
    await turns();
    await scene.clock.advance(1_000);
    expect(scene.asked.length).toBeGreaterThan(3);
    expect(scene.events).toEqual([]);
  });

  it('is not ended by a refusal for good: that counts when it has gone', async () => {
    const scene = start();
    scene.refusal = createError('FORBIDDEN');
    scene.session.emit('drain', 10_000);
    await turns();
    await scene.clock.advance(1_000);
    expect([scene.asked.length, scene.events]).toEqual([1, []]);
    await scene.cut();
    // It waits its turn: the last attempt was a setback.
    await scene.clock.advance(REDIAL_BASE_MS * 2);
    expect([scene.asked.length, scene.events]).toEqual([2, ['suspended', 'closed REVOKED']]);
  });
});

it('who asks for a successor again and again, while each comes, waits as for those that do not', async () => {
  const scene = start();
  for (let passedMs = 0; passedMs < 20_000; passedMs += 10) {
    const count = scene.asked.length;
    scene.session.emit('drain', 10_000);
    await turns();
    if (scene.asked.length > count) scene.session.emit('moved');
    await scene.clock.advance(10);
  }
  expect(scene.asked.length).toBeGreaterThan(6);
  expect(scene.asked.length).toBeLessThan(30);
  // Nobody who was left alone for a while waits.
  await scene.clock.advance(2 * REDIAL_CAP_MS);
  scene.session.emit('moved');
  await scene.clock.advance(REDIAL_CAP_MS + 1);
  const nowMs = scene.clock.monotonicMs();
  scene.session.emit('drain', 10_000);
  await turns();
  expect(scene.asked.at(-1)?.atMs).toBe(nowMs);
});

it('who asks by hand shares the attempt that runs, and is told why it failed', async () => {
  const scene = start();
  await scene.cut();
  const [one, two] = [scene.redial.attempt(), scene.redial.attempt()];
  await expect(one).rejects.toBe(scene.refusal);
  await expect(two).rejects.toBe(scene.refusal);
  expect(scene.asked).toHaveLength(2);
});

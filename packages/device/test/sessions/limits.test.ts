// What the hub's limits mean for streams that survive their legs: they end for good, and a lost leg buys no time.
import { StreamTerminatedError, SessionError } from '@streams/device';
import type { DeviceStream } from '@streams/service';
import { describe, expect, it } from 'vitest';
import { expectNoLeaks, until } from '../support/rig.ts';
import { openPair, pass, type Pair, type Scene, startScene, STEP_MS } from '../support/session-scene.ts';

expectNoLeaks();

function failureOf(stream: DeviceStream): Promise<unknown> {
  return new Promise((resolve) => stream.once('error', resolve));
}

function failuresOf({ here, there }: Pair): { both: Promise<unknown[]> } {
  return { both: Promise.all([failureOf(here), failureOf(there)]) };
}

/** Once its legs have come back, and time has gone by. */
async function losesLegs(scene: Scene, { here, there }: Pair): Promise<void> {
  for (const leg of scene.legs.connections) leg.reset();
  const passed = Promise.all([pass(here, there, 'down'), pass(there, here, 'up')]);
  expect(await scene.rig.passUntil(passed, STEP_MS)).toEqual(['down', 'up']);
}

describe('a session', () => {
  it.each([
    { limits: { maxStreamIdleMs: 5_000 }, code: 'STREAMS_STREAM_IDLE', closeCode: 4413, limit: 'maxStreamIdleMs' },
    { limits: { maxStreamLifeMs: 5_000 }, code: 'STREAMS_STREAM_EXPIRED', closeCode: 4412, limit: 'maxStreamLifeMs' },
  ])('ends for good at $limit, and does not dial again', async ({ limits, code, closeCode, limit }) => {
    const scene = await startScene({ limits });
    const pair = await openPair(scene);
    const { both } = failuresOf(pair);
    for (const failure of await scene.rig.passUntil(both)) {
      expect(failure).toBeInstanceOf(StreamTerminatedError);
      expect(failure).toMatchObject({ code, closeCode, by: 'hub', details: { limit } });
    }
    await scene.rig.clock.advance(10_000, { realMs: 1 });
    expect(scene.rig.hub.records.filter(({ operation }) => operation === 'handshake')).toHaveLength(1);
    expect(pair.events).toEqual({ here: ['close'], there: ['close'] });
  });

  it('that loses its legs lives no longer for that', async () => {
    const scene = await startScene({ limits: { maxStreamLifeMs: 20_000 } });
    const startMs = scene.rig.clock.monotonicMs();
    const pair = await openPair(scene);
    const { both } = failuresOf(pair);
    await scene.rig.clock.advance(8_000, { stepMs: 1_000, realMs: 1 });
    await losesLegs(scene, pair);
    expect(pair.events.here).toEqual(['suspended', 'resumed']);
    expect(await scene.rig.passUntil(both)).toMatchObject([{ closeCode: 4412 }, { closeCode: 4412 }]);
    const livedMs = scene.rig.clock.monotonicMs() - startMs;
    expect(livedMs).toBeGreaterThanOrEqual(20_000);
    expect(livedMs).toBeLessThan(23_000);
  });

  it('whose time was over while it had no leg is refused: 410 STREAM_EXPIRED, a SessionError', async () => {
    const scene = await startScene({ limits: { maxStreamLifeMs: 10_000 } });
    const pair = await openPair(scene);
    const failure = failureOf(pair.here);
    failureOf(pair.there).catch(() => undefined);
    scene.legs.inject({ up: { frozen: true } });
    for (const leg of scene.legs.connections) leg.reset();
    await until('it is suspended', () => pair.events.here.length === 1);
    await scene.rig.clock.advance(12_000, { stepMs: 500, realMs: 1 });
    scene.legs.inject({ up: { frozen: false } });
    const error = await scene.rig.passUntil(failure);
    expect(error).toBeInstanceOf(SessionError);
    expect(error).toMatchObject({ failure: 'ENDED', message: expect.stringContaining('has lived as long as the hub lets a stream live') });
    pair.there.destroy();
  });

  it('that moves takes no second place', async () => {
    const scene = await startScene({ limits: { maxStreams: 1 } });
    const pair = await openPair(scene);
    await losesLegs(scene, pair);
    await expect(scene.service.createStream('pump-7')).rejects.toMatchObject({ code: 'STREAMS_TOO_MANY_STREAMS' });
    expect(await scene.rig.passUntil(pass(pair.here, pair.there, 'still here'), STEP_MS)).toBe('still here');
  });
});

// Sessions that are suspended while what they need is taken away: what no repetition mends ends the service's stream at once.
import { randomBytes } from 'node:crypto';
import type { PolicyOptions } from '@streams/hub';
import type { DeclineCode } from '@streams/protocol/internal';
import { SessionError } from '@streams/device';
import { NO_FAULTS } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { rejectingDevice } from '../support/raw-device.ts';
import { DEVICE, expectNoLeaks, until } from '../support/rig.ts';
import { openPair, type Pair, type Scene, startScene, STEP_MS } from '../support/session-scene.ts';

expectNoLeaks();

const RESUME_TIMEOUT_MS = 60_000;

/** A stream that has lost its legs, and gets no others. */
async function suspended(resumeTimeoutMs = RESUME_TIMEOUT_MS): Promise<{ scene: Scene; pair: Pair }> {
  const scene = await startScene();
  const pair = await openPair(scene, { resumeTimeoutMs });
  scene.legs.inject({ up: { cutAfterBytes: 0 } });
  for (const leg of scene.legs.connections) leg.reset();
  await until('both are suspended', () => pair.events.here.length === 1 && pair.events.there.length === 1);
  return { scene, pair };
}

/** How the service's stream ends, and after how long. */
async function endOf({ rig }: Scene, { here }: Pair): Promise<{ error: unknown; afterMs: number }> {
  const startMs = rig.clock.monotonicMs();
  const error = await rig.passUntil(new Promise((resolve) => here.once('error', resolve)), STEP_MS);
  expect(error).toBeInstanceOf(SessionError);
  return { error, afterMs: rig.clock.monotonicMs() - startMs };
}

/** Starts a hub in the place of the first that knows another policy, or the same with other rights. */
async function restart({ rig, hub }: Scene, policy: object): Promise<void> {
  await rig.passUntil(rig.present.close(), STEP_MS);
  const [before] = hub.policies as readonly PolicyOptions[];
  if (before) await rig.startAgain({ ...hub, policies: [{ ...before, ...policy }] });
}

describe('for good', () => {
  it.each<[string, (scene: Scene) => Promise<unknown>, string]>([
    ['the device is deleted: DEVICE_NOT_FOUND', ({ rig }) => rig.hub.hub.deleteDevice(DEVICE), 'ENDED'],
    ['the policy is gone: UNAUTHENTICATED', (scene) => restart(scene, { name: 'another' }), 'REVOKED'],
    [
      'the key of the policy is another: UNAUTHENTICATED',
      (scene) => restart(scene, { keys: [randomBytes(32).toString('base64')] }),
      'REVOKED',
    ],
    ['the policy has lost its right: FORBIDDEN', (scene) => restart(scene, { permissions: ['device:read'] }), 'REVOKED'],
  ])('%s', async (_, forbid, failure) => {
    const { scene, pair } = await suspended();
    await forbid(scene);
    const { error, afterMs } = await endOf(scene, pair);
    expect(error).toMatchObject({ code: 'STREAMS_SESSION_LOST', failure });
    expect(afterMs).toBeLessThan(RESUME_TIMEOUT_MS / 2);
  });

  it.each<DeclineCode>(['SESSION_LOST', 'PROTOCOL_MISMATCH', 'STREAM_REJECTED', 'NO_HANDLER', 'HANDLER_FAILED'])(
    'another device answers in the place of the first: %s',
    async (code) => {
      const { scene, pair } = await suspended();
      scene.legs.inject({ up: NO_FAULTS });
      // What it says at its end reaches nobody.
      scene.link.inject({ up: { frozen: true } });
      scene.device.destroy();
      const rejected = await rejectingDevice(scene.rig, code);
      const { error, afterMs } = await endOf(scene, pair);
      expect(error).toMatchObject({ code: 'STREAMS_SESSION_LOST', failure: 'RESUME_IMPOSSIBLE' });
      // An attempt that the first device got is over after 10 s.
      expect(afterMs).toBeLessThan(RESUME_TIMEOUT_MS / 2);
      await scene.rig.clock.advance(10_000, { realMs: 1 });
      expect(rejected.map(({ resumes }) => resumes)).toEqual([pair.here.id]);
    },
  );
});

describe('perhaps not for good: asked again until the resume time is over', () => {
  it.each<[string, (scene: Scene) => Promise<unknown>]>([
    ['the device is disabled', ({ rig }) => rig.hub.hub.putDevice(DEVICE, { enabled: false })],
    ['the device has another key', ({ rig }) => rig.hub.hub.putDevice(DEVICE, { keys: [randomBytes(32).toString('base64')] })],
  ])('%s: both sides end by themselves', async (_, forbid) => {
    const { scene, pair } = await suspended(2_000);
    const there = new Promise((resolve) => pair.there.once('error', resolve));
    await forbid(scene);
    expect((await endOf(scene, pair)).error).toMatchObject({ failure: 'RESUME_TIMEOUT' });
    expect(await scene.rig.passUntil(there, STEP_MS)).toMatchObject({ failure: 'RESUME_TIMEOUT' });
    const answers = scene.rig.hub.records.filter(({ operation }) => operation === 'handshake').map(({ code }) => code);
    expect(answers).toContain('DEVICE_NOT_CONNECTED');
  });
});

// Sessions that one side alone comes back to, or whose hub goes while they are resumed.
import { SessionError } from '@streams/device';
import type { DeviceStream } from '@streams/service';
import { NO_FAULTS } from '@streams/testkit';
import { expect, it } from 'vitest';
import { expectNoLeaks, until } from '../../support/rig.ts';
import { openPair, pass, startScene, STEP_MS } from '../../support/session-scene.ts';

expectNoLeaks();

const RESUME_MS = 10_000;

function failureOf(stream: DeviceStream): Promise<unknown> {
  return new Promise((resolve) => stream.once('error', resolve));
}

it('I8 a session that the service alone comes back to ends typed on both sides after its resume time', async () => {
  const scene = await startScene();
  const { rig, link, legs } = scene;
  const pair = await openPair(scene, { resumeTimeoutMs: RESUME_MS });
  const failures = Promise.all([failureOf(pair.here), failureOf(pair.there)]);
  // Of a new leg the device would hear on its control link.
  link.inject({ up: { frozen: true }, down: { frozen: true } });
  for (const leg of legs.connections) leg.reset();
  await until('both see it', () => pair.events.here.length === 1 && pair.events.there.length === 1);
  const startMs = rig.clock.monotonicMs();
  pair.here.write('for nobody');
  for (const failure of await rig.passUntil(failures)) {
    expect(failure).toBeInstanceOf(SessionError);
    expect(failure).toMatchObject({ code: 'STREAMS_SESSION_LOST', failure: 'RESUME_TIMEOUT' });
  }
  expect(rig.clock.monotonicMs() - startMs).toBeLessThan(RESUME_MS + 1_000);
  // What was kept for a replay is kept no longer.
  expect([pair.here.writableLength, pair.here.destroyed, pair.there.destroyed]).toEqual([0, true, true]);
  link.inject({ up: NO_FAULTS, down: NO_FAULTS });
});

it('I8 a hub that goes between the two legs of a resumption: the session is resumed by its successor', async () => {
  const scene = await startScene();
  const { rig, legs, hub } = scene;
  const pair = await openPair(scene);
  expect(await pass(pair.here, pair.there, 'before')).toBe('before');
  for (const leg of legs.connections) leg.reset();
  // The device dials first, and its leg is held.
  await rig.passUntil(
    until('the first leg is back', () => legs.connections.length > 0),
    STEP_MS,
  );
  await rig.passUntil(rig.present.close(), STEP_MS);
  pair.here.write('meanwhile ');
  await rig.startAgain(hub);
  const words = Promise.all([pass(pair.here, pair.there, 'after'), pass(pair.there, pair.here, 'and back')]);
  expect(await rig.passUntil(words, STEP_MS)).toEqual(['meanwhile after', 'and back']);
  expect(pair.events.here.at(-1)).toBe('resumed');
});

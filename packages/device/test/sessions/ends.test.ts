// Streams that cannot go on: each ends with a typed error, in its time, on both sides, and nothing is left behind.
import { randomBytes } from 'node:crypto';
import {
  createTrust,
  dialLeg,
  type Leg,
  MAX_UNPROVEN_LEGS,
  type OpenStreamAnswer,
  parseServiceConnectionString,
} from '@streams/protocol/internal';
import { SessionError, StreamTerminatedError } from '@streams/device';
import type { DeviceStream } from '@streams/service';
import { NO_FAULTS } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { askForStream } from '../support/raw-service.ts';
import { DEVICE, expectNoLeaks, isPending, until } from '../support/rig.ts';
import { openPair, pass, type Scene, startScene, STEP_MS } from '../support/session-scene.ts';

expectNoLeaks();

/** The error of a stream that fails. */
function failureOf(stream: DeviceStream): Promise<unknown> {
  return new Promise((resolve) => stream.once('error', resolve));
}

/** The service's leg of a stream, as anybody may dial it who was given the token. */
async function legOf({ rig }: Scene, { url, token, protocol }: OpenStreamAnswer): Promise<Leg> {
  const { caCertificate } = parseServiceConnectionString(await rig.hub.serviceConnectionString());
  const context = {
    trust: createTrust({ ca: caCertificate }),
    proxyFor: () => undefined,
    clock: rig.clock,
    origins: [url.replace(/^wss:(.*?)\/v1.*$/, 'https:$1')],
  };
  return dialLeg({ url, token, protocol, timeoutMs: 5_000 }, { ...context, phase: 'device-leg' });
}

/** Nothing gets through to the hub's streaming endpoint any more. */
function cutForGood({ legs }: Scene): void {
  legs.inject({ up: { cutAfterBytes: 0 } });
  for (const leg of legs.connections) leg.reset();
}

describe('no leg comes', () => {
  it('I8 the stream ends after its resume time, and says what has arrived', async () => {
    const scene = await startScene();
    const pair = await openPair(scene, { resumeTimeoutMs: 10_000 });
    const { rig, legs } = scene;
    expect(await pass(pair.here, pair.there, 'known')).toBe('known');
    await rig.clock.advance(1_000, { realMs: 1 });
    legs.inject({ up: { frozen: true } });
    pair.here.write('on the way');
    const failures = Promise.all([failureOf(pair.here), failureOf(pair.there)]);
    expect(await isPending(failures)).toBe(true);
    legs.inject({ up: NO_FAULTS });
    cutForGood(scene);
    await until('the service sees it', () => pair.events.here.length === 1 && pair.events.there.length === 1);
    const lostAtMs = scene.rig.clock.monotonicMs();
    pair.here.write('never to arrive');
    await scene.rig.clock.advance(9_000, { realMs: 1 });
    expect(await isPending(failures)).toBe(true);
    const [here, there] = await scene.rig.passUntil(failures);
    expect(scene.rig.clock.monotonicMs() - lostAtMs).toBeLessThan(11_000);
    // Eight bytes of header each.
    expect(here).toBeInstanceOf(SessionError);
    expect(here).toMatchObject({ code: 'STREAMS_SESSION_LOST', failure: 'RESUME_TIMEOUT', bytesAcked: 13, bytesUnacked: 18 });
    expect(there).toMatchObject({ code: 'STREAMS_SESSION_LOST', failure: 'RESUME_TIMEOUT' });
    expect(await Promise.all([pair.here.outcome, pair.there.outcome])).toMatchObject([{ by: 'network' }, { by: 'network' }]);
  });

  it('with resume off the loss is the end', async () => {
    const scene = await startScene();
    const pair = await openPair(scene, { resume: 'off' });
    const failures = Promise.all([failureOf(pair.here), failureOf(pair.there)]);
    cutForGood(scene);
    for (const failure of await failures) expect(failure).toBeInstanceOf(StreamTerminatedError);
    expect(pair.events.here).toEqual(['close']);
  });

  it.each(['close', 'destroy'] as const)('%s() of both clients is not held up, and leaves nothing', async (end) => {
    const scene = await startScene();
    const pair = await openPair(scene);
    cutForGood(scene);
    await until('both are suspended', () => pair.events.here.length === 1 && pair.events.there.length === 1);
    const { rig, service, device } = scene;
    const startMs = rig.clock.monotonicMs();
    if (end === 'destroy') for (const client of [service, device]) client.destroy();
    await rig.passUntil(Promise.all([service.close(), device.close()]));
    expect(rig.clock.monotonicMs() - startMs).toBeLessThan(end === 'close' ? 12_000 : 2_000);
    expect([pair.here.destroyed, pair.there.destroyed]).toEqual([true, true]);
  });
});

describe('the other side is another one', () => {
  it('I8 a device that was started anew: the stream ends at once', async () => {
    const scene = await startScene();
    const pair = await openPair(scene);
    const failure = failureOf(pair.here);
    scene.legs.inject({ up: { frozen: true } });
    scene.device.destroy();
    for (const leg of scene.legs.connections) leg.reset();
    scene.legs.inject({ up: NO_FAULTS });
    const again = await scene.rig.device();
    await again.connect();
    const startMs = scene.rig.clock.monotonicMs();
    expect(await scene.rig.passUntil(failure, STEP_MS)).toMatchObject({
      code: 'STREAMS_SESSION_LOST',
      failure: 'RESUME_IMPOSSIBLE',
    });
    expect(scene.rig.clock.monotonicMs() - startMs).toBeLessThan(10_000);
  });

  it.each([
    ['another policy', { policy: 'other' }, {}],
    ['another name', { policy: 'test' }, { name: 'other' }],
  ])('%s gets nothing of the session, which is not harmed', async (_, who, fields) => {
    const keys = [randomBytes(32).toString('base64')];
    const permissions = ['stream:create'] as const;
    const scene = await startScene({ policies: ['test', 'other'].map((name) => ({ name, keys, permissions })) });
    const pair = await openPair(scene);
    const asked = { protocols: ['streams.session.v1'], resumes: pair.here.id, ...fields };
    const { status, body } = await askForStream(scene.rig, asked, who.policy);
    expect([status, body.code]).toEqual([410, 'SESSION_LOST']);
    expect(await pass(pair.here, pair.there, 'still here')).toBe('still here');
    expect(pair.events).toEqual({ here: [], there: [] });
  });

  it('I7 an intruder with a right to a leg, and without the proof, hurts nobody', async () => {
    const scene = await startScene();
    const pair = await openPair(scene);
    for (let count = 0; count < 8; count += 1) {
      const { status, body } = await askForStream(scene.rig, { protocols: ['streams.session.v1'], resumes: pair.here.id });
      expect(status).toBe(200);
      const leg = await legOf(scene, body);
      // Each kind of message in its turn, and what it holds is noise.
      leg.send(Buffer.from([count + 1, ...randomBytes(119)]));
      leg.resume();
      await scene.rig.passUntil(new Promise((resolve) => leg.once('close', resolve)));
      expect(await pass(pair.here, pair.there, `after ${count}`)).toBe(`after ${count}`);
    }
    expect(pair.events).toEqual({ here: [], there: [] });
  });

  it('a crowd with a right to legs, and without a word on them, is kept small', async () => {
    const scene = await startScene();
    const pair = await openPair(scene);
    expect(await pass(pair.here, pair.there, 'first')).toBe('first');
    const ends: number[] = [];
    for (let count = 0; count < MAX_UNPROVEN_LEGS + 3; count += 1) {
      const { body } = await askForStream(scene.rig, { protocols: ['streams.session.v1'], resumes: pair.here.id });
      const leg = await legOf(scene, body);
      leg.once('close', ({ code }) => ends.push(code));
      leg.resume();
    }
    await until('the oldest are gone', () => ends.length === 3);
    expect(await pass(pair.here, pair.there, 'still here')).toBe('still here');
    await scene.rig.clock.advance(10_000, { realMs: 1 });
    await until('all are gone', () => ends.length === MAX_UNPROVEN_LEGS + 3);
    expect(ends).toEqual([1008, 1008, 1008, ...Array<number>(MAX_UNPROVEN_LEGS).fill(1002)]);
    expect(pair.events).toEqual({ here: [], there: [] });
  });
});

describe('the hub forbids it', () => {
  it.each([
    ['the device is deleted', ({ rig }: Scene) => rig.hub.hub.deleteDevice(DEVICE)],
    ['the device is disabled', ({ rig }: Scene) => rig.hub.hub.putDevice(DEVICE, { enabled: false })],
    ['its key is revoked', ({ rig }: Scene) => rig.hub.hub.putDevice(DEVICE, { keys: [randomBytes(32).toString('base64')] })],
  ])('%s: both sides end by the hub, and nobody dials again', async (_, forbid) => {
    const scene = await startScene();
    const pair = await openPair(scene);
    const failures = Promise.all([failureOf(pair.here), failureOf(pair.there)]);
    await forbid(scene);
    for (const failure of await scene.rig.passUntil(failures, STEP_MS)) {
      expect(failure).toMatchObject({ code: 'STREAMS_STREAM_TERMINATED', by: 'hub', closeCode: 1008 });
    }
    await scene.rig.clock.advance(10_000, { realMs: 1 });
    const handshakes = scene.rig.hub.records.filter(({ operation }) => operation === 'handshake');
    expect(handshakes).toHaveLength(1);
  });
});

it('an abort takes its words to the other side and to the log', async () => {
  const scene = await startScene();
  const pair = await openPair(scene);
  const failure = failureOf(pair.there);
  pair.here.abort('out of paper');
  expect(await failure).toMatchObject({ by: 'peer', reason: 'out of paper', closeCode: 4400 });
  const ended = (): unknown => scene.rig.hub.records.find(({ operation }) => operation === 'stream');
  await until('the hub knows', () => ended() !== undefined);
  expect(ended()).toMatchObject({ endedBy: 'service', reason: 'out of paper', sessionId: pair.here.id, resumeCount: 0 });
});

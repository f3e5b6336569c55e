// Streams that go on: over cut legs, a lost link, a hub that restarts or is left, without a byte lost or doubled.
import { createHash } from 'node:crypto';
import type { Tunnel } from '@streams/device';
import type { LogRecord } from '@streams/hub/testing';
import { LEG_DEAD_MS } from '@streams/protocol/internal';
import { NO_FAULTS, seededRandom } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { DEVICE, expectNoLeaks, until } from '../support/rig.ts';
import { openPair, pass, type Pair, type Scene, startScene, STEP_MS } from '../support/session-scene.ts';

expectNoLeaks();

const ONCE = ['suspended', 'resumed'];

/** Both directions still work, in order. */
async function expectAlive({ rig }: Scene, { here, there }: Pair): Promise<void> {
  expect(await rig.passUntil(Promise.all([pass(here, there, 'down'), pass(there, here, 'up')]), STEP_MS)).toEqual(['down', 'up']);
}

/** What is written while the legs go arrives, once. */
async function expectGap({ rig }: Scene, { here, there }: Pair, gap: () => unknown): Promise<void> {
  here.write('first ');
  there.write('first ');
  await gap();
  const both = Promise.all([pass(here, there, 'to the device'), pass(there, here, 'to the service')]);
  expect(await rig.passUntil(both, STEP_MS)).toEqual(['first to the device', 'first to the service']);
}

async function endBoth({ rig }: Scene, { here, there }: Pair): Promise<void> {
  here.end();
  there.end();
  here.resume();
  there.resume();
  expect(await rig.passUntil(Promise.all([here.outcome, there.outcome]), STEP_MS)).toMatchObject([{ clean: true }, { clean: true }]);
}

describe('a stream', () => {
  it.each([
    ["the device's leg is cut", (scene: Scene) => scene.legs.connections[0]?.reset()],
    ["the service's leg is cut", (scene: Scene) => scene.legs.connections[1]?.reset()],
    ['both are cut', (scene: Scene) => [...scene.legs.connections].forEach((leg) => leg.reset())],
  ])('goes on when %s', async (_, cut) => {
    const scene = await startScene();
    const pair = await openPair(scene);
    await expectGap(scene, pair, () => cut(scene));
    await expectAlive(scene, pair);
    expect(pair.events).toEqual({ here: ONCE, there: ONCE });
    await endBoth(scene, pair);
    const { records } = scene.rig.hub;
    const streams = (): LogRecord[] => records.filter(({ operation }) => operation === 'stream');
    await until('the hub knows', () => streams().length === 2);
    expect(streams()).toMatchObject([
      { sessionId: pair.here.id, resumeCount: 0, result: 'terminated' },
      { sessionId: pair.here.id, resumeCount: 1, result: 'clean' },
    ]);
    expect(new Set(records.map(({ streamId }) => streamId)).size).toBe(2);
  });

  it("goes on at once when the device's connection is gone on its side alone", async () => {
    const scene = await startScene();
    const pair = await openPair(scene);
    const startMs = scene.rig.clock.monotonicMs();
    await expectGap(scene, pair, () => scene.legs.connections[0]?.reset('client'));
    expect(scene.rig.clock.monotonicMs() - startMs).toBeLessThan(LEG_DEAD_MS / 2);
    expect(pair.events).toEqual({ here: ONCE, there: ONCE });
    await endBoth(scene, pair);
  });

  it('goes on over a hub that restarts, three times', async () => {
    const scene = await startScene();
    const { rig, hub } = scene;
    const pair = await openPair(scene);
    for (let round = 0; round < 3; round += 1) {
      await expectGap(scene, pair, async () => {
        await rig.passUntil(rig.present.close(), STEP_MS);
        await rig.startAgain(hub);
      });
    }
    expect(pair.events.here).toEqual([...ONCE, ...ONCE, ...ONCE]);
    expect(pair.events.there).toEqual(pair.events.here);
    await endBoth(scene, pair);
  });

  it('goes on when the whole network of the device was away, its control link included', async () => {
    const scene = await startScene();
    const { rig, link, legs, device } = scene;
    const pair = await openPair(scene);
    await expectGap(scene, pair, async () => {
      link.inject({ up: { cutAfterBytes: 0 } });
      for (const connection of [...link.connections, ...legs.connections]) connection.reset();
      await until('the device sees it', () => device.state.name !== 'connected');
      await rig.clock.advance(20_000, { realMs: 20 });
      link.inject({ up: NO_FAULTS });
    });
    expect(pair.events).toEqual({ here: ONCE, there: ONCE });
    await endBoth(scene, pair);
  });

  it('does not notice that the control link alone was lost', async () => {
    const scene = await startScene();
    const pair = await openPair(scene);
    scene.link.connections[0]?.reset();
    await until('the device sees it', () => scene.device.state.name !== 'connected');
    await expectAlive(scene, pair);
    await scene.rig.passUntil(until('it is back', () => scene.device.state.name === 'connected'));
    await expectAlive(scene, pair);
    expect(pair.events).toEqual({ here: [], there: [] });
    await endBoth(scene, pair);
  });

  it('I5 carries every byte once, both ways, over 20 cuts at any byte', async () => {
    const scene = await startScene();
    const { rig, legs } = scene;
    const pair = await openPair(scene);
    pair.there.pipe(pair.there);
    const random = seededRandom(7);
    const [sent, received] = [createHash('sha256'), createHash('sha256')];
    let receivedBytes = 0;
    pair.here.on('data', (chunk: Buffer) => {
      received.update(chunk);
      receivedBytes += chunk.length;
    });
    for (let round = 0; round < 20; round += 1) {
      const bytes = random.bytes(150_000);
      sent.update(bytes);
      pair.here.write(bytes);
      const resumes = pair.events.here.length;
      const leg = legs.connections[round % 2];
      leg?.inject({ [round % 3 === 0 ? 'up' : 'down']: { cutAfterBytes: Math.floor(random.uniform() * 100_000) } });
      await rig.passUntil(until(`resumed ${round}`, () => pair.events.here.length >= resumes + 2 && pair.events.here.at(-1) === 'resumed'));
      await until('two legs', () => legs.connections.length === 2);
    }
    await rig.passUntil(until('all is back', () => receivedBytes === 3_000_000));
    expect(received.digest('hex')).toBe(sent.digest('hex'));
    pair.here.end();
    expect(await rig.passUntil(pair.here.outcome)).toMatchObject({ clean: true });
  });
});

it('a session that is asked to move has its new leg before it leaves the old one', async () => {
  const scene = await startScene();
  const { rig, device, service, legs } = scene;
  let there: Tunnel | undefined;
  device.onStreamRequest(async (request) => void (there = await request.acceptTunnel()), { tunnels: true });
  const here = await rig.passUntil(service.openTunnel(DEVICE));
  await until('the device has it too', () => there !== undefined);
  const events: string[] = [];
  for (const name of ['suspended', 'resumed', 'closed'] as const) for (const end of [here, there]) end?.on(name, () => events.push(name));
  for (const moves of [1, 2]) {
    there?.session.drain(1_000);
    await rig.passUntil(
      until('moved', () => here.stats().resumes === moves && legs.connections.length === 2),
      STEP_MS,
    );
  }
  expect(events).toEqual([]);
  expect(await rig.passUntil(here.close())).toBeUndefined();
  const streams = (): LogRecord[] => rig.hub.records.filter(({ operation }) => operation === 'stream');
  await until('the hub knows', () => streams().length === 3);
  expect(streams().map(({ resumeCount }) => resumeCount)).toEqual([0, 1, 2]);
});

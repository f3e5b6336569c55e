// A hub that drains while another one takes over behind the same address: devices and sessions go there, and nobody notices.
import { createHash } from 'node:crypto';
import { get } from 'node:https';
import type { DeviceClient, DeviceStream, Tunnel } from '@streams/device';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import type { ServiceClient } from '@streams/service';
import { FaultProxy, seededRandom } from '@streams/testkit';
import { expect, it } from 'vitest';
import { DEVICE, echo, expectNoLeaks, lastingOptions, type Rig, roundTrip, startRig, until } from '../support/rig.ts';
import { startScene, STEP_MS } from '../support/session-scene.ts';

expectNoLeaks();

/** Two hubs that know the same devices, keys and policies, and the one address that leads to either. */
interface TwoHubs {
  readonly rig: Rig;
  readonly first: TestHub;
  readonly second: TestHub;
  readonly balancer: FaultProxy;
  readonly device: DeviceClient;
  readonly service: ServiceClient;
  /** What nobody wants to see. */
  readonly events: string[];
  /** States of the control link. */
  readonly states: string[];
}

async function startTwoHubs(): Promise<TwoHubs> {
  const { registry, policies } = await lastingOptions();
  const balancer = await FaultProxy.listen({ port: 0 });
  const options = { registry, policies, publicUrl: `https://127.0.0.1:${balancer.port}` };
  const rig = await startRig(options);
  const second = await startTestHub({ ...options, clock: rig.clock });
  rig.onEnd(() => second.close());
  rig.onEnd(() => balancer.close());
  balancer.retarget(rig.hub.port);
  const events: string[] = [];
  const device = await rig.device();
  device.on('disconnected', () => events.push('the device was disconnected'));
  const states: string[] = [];
  device.on('state', ({ name }) => states.push(name));
  await device.connect();
  return { rig, first: rig.hub, second, balancer, device, service: await rig.service(), events, states };
}

/** Both ends of a tunnel that the device's side echoes, as it does every stream. */
async function openTunnel({
  rig,
  device,
  service,
  events,
}: Pick<TwoHubs, 'rig' | 'device' | 'service' | 'events'>): Promise<{ here: Tunnel; there: Tunnel }> {
  let there: Tunnel | undefined;
  const take = async (tunnel: Tunnel): Promise<void> => {
    there = tunnel;
    tunnel.onChannelRequest((channel) => void echo(channel.accept()));
  };
  device.onStreamRequest(
    async (request) => (request.isTunnel ? take(await request.acceptTunnel()) : watch(echo(await request.accept()), events)),
    { tunnels: true },
  );
  const here = await rig.passUntil(service.openTunnel(DEVICE));
  await until('the device has it too', () => there !== undefined);
  const ends = { here, there: there as unknown as Tunnel };
  for (const [side, end] of Object.entries(ends)) {
    for (const name of ['suspended', 'resumed', 'closed'] as const) end.on(name, () => events.push(`tunnel ${side}: ${name}`));
  }
  return ends;
}

function watch(stream: DeviceStream, events: string[]): void {
  for (const name of ['suspended', 'resumed', 'error'] as const) stream.on(name, () => events.push(`stream: ${name}`));
}

/** Writes all the time, as fast as the echo comes back, until it is told to end. */
class Traffic {
  rounds = 0;
  readonly #stream: DeviceStream;
  readonly #sent = createHash('sha256');
  readonly #received = createHash('sha256');
  readonly #random = seededRandom(5);
  #bytesOnTheWay = 0;
  #isEnding = false;

  constructor(stream: DeviceStream) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#received.update(chunk);
      this.#bytesOnTheWay -= chunk.length;
      if (this.#bytesOnTheWay === 0 && !this.#isEnding) this.#write();
    });
    this.#write();
  }

  #write(): void {
    const bytes = this.#random.bytes(20_000);
    this.rounds += 1;
    this.#bytesOnTheWay += bytes.length;
    this.#sent.update(bytes);
    this.#stream.write(bytes);
  }

  /** Ends it, and sees that every byte has come back, once. */
  async end(rig: Rig): Promise<void> {
    this.#isEnding = true;
    await rig.passUntil(until('all is back', () => this.#bytesOnTheWay === 0));
    this.#stream.end();
    expect(await rig.passUntil(this.#stream.outcome)).toMatchObject({ clean: true });
    expect(this.#received.digest('hex')).toBe(this.#sent.digest('hex'));
  }
}

/** What a balancer asks for, again and again. */
function isReady(hub: TestHub): Promise<boolean> {
  const where = { host: '127.0.0.1', port: hub.port, path: '/readyz', agent: false, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const call = get(where, (response) => {
      response.resume().once('end', () => resolve(response.statusCode === 200));
    });
    call.once('error', reject);
  });
}

it.each([
  ['that leads there at once', 0, 1],
  ['that is slow to notice', 900, 2],
])('goes over, with all that it carries, by a balancer %s', async (_, lateMs, dials) => {
  const hubs = await startTwoHubs();
  const { rig, first, second, balancer, device, service, events, states } = hubs;
  const { here, there } = await openTunnel(hubs);
  const moves: string[] = [];
  for (const [side, end] of Object.entries({ here, there })) end.session.on('moved', () => moves.push(side));
  here.onChannelRequest((channel) => void echo(channel.accept()));
  const stream = await rig.passUntil(service.createStream(DEVICE));
  watch(stream, events);
  const traffic = [new Traffic(stream), new Traffic(here.openChannel()), new Traffic(there.openChannel())];
  const flows = async (): Promise<void> => {
    const before = traffic.map(({ rounds }) => rounds);
    await until('it flows', () => traffic.every(({ rounds }, index) => rounds > (before[index] ?? 0) + 5));
  };
  await flows();
  expect([first.hub.openStreams, second.hub.openStreams]).toEqual([2, 0]);

  const startMs = rig.clock.monotonicMs();
  const drained = first.hub.drain({ withinMs: 500, limitMs: 60_000 });
  expect([await isReady(first), await isReady(second)]).toEqual([false, true]);
  // The first attempt comes within 500 ms, and the next one a second after it.
  if (lateMs > 0) await rig.clock.advance(lateMs, { stepMs: STEP_MS, realMs: 1 });
  expect(first.hub.openStreams).toBe(2);
  balancer.retarget(second.port);
  await rig.passUntil(
    until('all is there', () => second.hub.openStreams === 2 && first.hub.openStreams === 0, 10_000),
    STEP_MS,
  );
  await flows();
  await rig.passUntil(drained);
  expect(rig.clock.monotonicMs() - startMs).toBeLessThan(30_000);

  // The device is there too: the first hub is gone.
  expect(await rig.passUntil(roundTrip(await rig.passUntil(service.createStream(DEVICE)), 'new'))).toBe('new');
  for (const one of traffic) await one.end(rig);
  expect(events).toEqual([]);
  expect(moves.toSorted()).toEqual(['here', 'there']);
  expect([here.stats().resumes, device.state.name]).toEqual([1, 'connected']);
  expect(states.filter((name) => name === 'renewing')).toHaveLength(dials);
  // Nobody was refused on the way: a session is asked to move once its device is there.
  expect(
    [...first.records, ...second.records].filter(({ operation, result }) => operation === 'handshake' && result !== 'established'),
  ).toEqual([]);
  expect(await rig.passUntil(here.close())).toBeUndefined();
});

it('stays while there is nowhere to go, asks seldom, and goes on at the hub that comes back', async () => {
  const scene = await startScene();
  const { rig, device, service } = scene;
  const events: string[] = [];
  const states: string[] = [];
  const { here, there } = await openTunnel({ rig, device, service, events });
  device.on('state', ({ name }) => states.push(name));
  const traffic = new Traffic(here.openChannel());
  const drained = rig.hub.hub.drain({ withinMs: 1_000, limitMs: 10_000 });
  // A device that does not wait for its own move. The service asks at once, and again and again.
  there.session.drain(1_000);
  await rig.clock.advance(9_000, { stepMs: 100, realMs: 1 });
  const { rounds } = traffic;
  await until('it still flows', () => traffic.rounds > rounds + 5);
  const refusals = rig.hub.records.filter(({ code }) => code === 'DRAINING').length;
  const dials = states.filter((name) => name === 'renewing').length;
  for (const attempts of [refusals, dials]) {
    expect(attempts).toBeGreaterThan(1);
    // No sooner than after a second each.
    expect(attempts).toBeLessThanOrEqual(10);
  }
  expect(events).toEqual([]);
  await rig.passUntil(drained, STEP_MS);
  await rig.startAgain(scene.hub);
  await rig.passUntil(
    until('it goes on', () => events.length === 4),
    STEP_MS,
  );
  expect(events.toSorted()).toEqual(['tunnel here: resumed', 'tunnel here: suspended', 'tunnel there: resumed', 'tunnel there: suspended']);
  await traffic.end(rig);
  expect(await rig.passUntil(here.close())).toBeUndefined();
});

it('does not notice that the credential of the control link was renewed', async () => {
  const rig = await startRig();
  // The successor is due after 45 minutes.
  const device = await rig.device({ random: { uniform: () => 0, bytes: (count) => seededRandom(3).bytes(count) } });
  const events: string[] = [];
  const states: string[] = [];
  device.on('state', ({ name }) => states.push(name));
  await device.connect();
  const { here, there } = await openTunnel({ rig, device, service: await rig.service(), events });
  for (const end of [here, there]) end.session.on('moved', () => events.push('moved'));
  await rig.clock.advance(45 * 60_000 - 5_000);
  expect(states).not.toContain('renewing');
  await rig.clock.advance(15_000, { stepMs: 1_000, realMs: 1 });
  await until('the successor', () => states.join(' ').endsWith('renewing connected'));
  await rig.clock.advance(10_000, { stepMs: 1_000, realMs: 1 });
  expect(await rig.passUntil(roundTrip(here.openChannel(), 'all is as it was'))).toBe('all is as it was');
  expect([events, here.stats().resumes, rig.hub.records.length]).toEqual([[], 0, 1]);
});

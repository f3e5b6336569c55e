// A hub that drains, from the wire: what it refuses, what it lets end, whom it waits for, and when it closes.
import type { Hub } from '@streams/hub';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { FakeClock, leakCheck, type RawPeer } from '@streams/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bodyOf, type KeptConnection, keptConnection, rawLeg, rawLink } from './support/raw.ts';
import { authorization, call, type RestAnswer, send } from './support/rest.ts';
import { until } from './support/streams.ts';

type DrainOptions = Parameters<Hub['drain']>[0];

const DEVICE = 'pump-7';
const TICK_MS = 500;
const RESTART = Buffer.concat([Buffer.from([1012 >> 8, 1012 & 255]), Buffer.from('DRAINING;retry=1')]);

const leaks = leakCheck();
const peers: Pick<RawPeer, 'destroy'>[] = [];
let clock: FakeClock;
let test: TestHub;
/** The device's control link. */
let control: RawPeer;

beforeEach(async () => {
  clock = new FakeClock();
  test = await startTestHub({ clock });
  control = await link();
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy();
  await test.close();
  expect(clock.pendingTimers).toBe(0);
  await leaks.settled();
});

async function link(): Promise<RawPeer> {
  const [peer, head] = await rawLink(test, DEVICE);
  peers.push(peer);
  expect(head.status).toBe(101);
  await peer.readFrame();
  return peer;
}

interface Offer {
  readonly streamId: string;
  readonly url: string;
  readonly token: string;
}

interface Asked {
  readonly offer: Offer;
  readonly posted: Promise<RestAnswer>;
}

/** A request that the device has got, and not answered. */
async function ask(protocol: string): Promise<Asked> {
  const posted = call(test, 'POST', `/v1/devices/${DEVICE}/streams`, { body: { protocols: [protocol] } });
  return { posted, offer: JSON.parse((await control.readFrame()).payload.toString()) as Offer };
}

/** Accepts it, and brings both legs. */
async function establish({ offer, posted }: Asked, protocol: string): Promise<{ device: RawPeer; service: RawPeer }> {
  const accept = { type: 'accept', streamId: offer.streamId, protocol };
  control.writeFrame({ opcode: 1, payload: Buffer.from(JSON.stringify(accept)) });
  const { url, token } = (await posted).body as unknown as Offer;
  const [device, service] = [await rawLeg(test, offer.url, offer.token), await rawLeg(test, url, token)];
  peers.push(device.peer, service.peer);
  expect((await Promise.all([device.answer, service.answer])).map(({ status }) => status)).toEqual([101, 101]);
  return { device: device.peer, service: service.peer };
}

async function openStream(protocol = 'streams.v1'): Promise<{ device: RawPeer; service: RawPeer }> {
  return establish(await ask(protocol), protocol);
}

/** A connection over which a service has had an answer. */
async function keepOne(): Promise<KeptConnection> {
  const kept = await keptConnection(test, await authorization(test));
  peers.push(kept);
  expect(await kept.ask('GET', '/v1/hub')).toMatchObject({ status: 200 });
  return kept;
}

function post(kept: KeptConnection): ReturnType<KeptConnection['ask']> {
  return kept.ask('POST', `/v1/devices/${DEVICE}/streams`, JSON.stringify({ protocols: ['streams.v1'] }));
}

/** Starts to drain; tells on the hub's clock how long it took. */
function drain(options?: DrainOptions): { tookMs: number | undefined; readonly over: Promise<void> } {
  const startMs = clock.monotonicMs();
  const drained = { tookMs: undefined as number | undefined, over: test.hub.drain(options) };
  void drained.over.then(() => (drained.tookMs = clock.monotonicMs() - startMs));
  return drained;
}

/** Bytes from one leg to the other. */
async function pass(from: RawPeer, to: RawPeer, text: string): Promise<void> {
  from.writeFrame({ opcode: 2, payload: Buffer.concat([Buffer.from([0]), Buffer.from(text)]) });
  expect((await to.readFrame()).payload.subarray(1).toString()).toBe(text);
}

/** Reads on to the close frame, past pings, and goes. */
async function closeFrame(peer: RawPeer): Promise<Buffer> {
  for (;;) {
    const { opcode, payload } = await peer.readFrame();
    if (opcode !== 8) continue;
    peer.destroy();
    return payload;
  }
}

async function closeClean(...legs: RawPeer[]): Promise<void> {
  for (const leg of legs) leg.writeFrame({ opcode: 8, payload: Buffer.from([1000 >> 8, 1000 & 255]) });
  for (const leg of legs) await closeFrame(leg);
  await until(() => test.hub.openStreams === 0);
}

/** What the hub says at its close. */
async function expectRestart(...ends: RawPeer[]): Promise<void> {
  for (const end of ends) expect(await closeFrame(end)).toEqual(RESTART);
}

describe('a hub that drains', () => {
  it('E9 refuses streams and links, each caller until another moment, and answers all else', async () => {
    const running = await openStream();
    const drained = drain();
    expect(await send(test, 'GET', '/readyz')).toMatchObject({
      status: 503,
      body: { status: 'draining' },
      headers: { connection: 'close' },
    });
    expect(await send(test, 'GET', '/healthz')).toMatchObject({ status: 200 });
    expect(await call(test, 'GET', '/v1/hub')).toMatchObject({ status: 200, headers: { connection: 'close' } });
    const waits: number[] = [];
    for (const device of [DEVICE, 'elsewhere', 'unknown']) {
      if (device === 'elsewhere') await test.hub.putDevice(device);
      const { status, body, headers } = await call(test, 'POST', `/v1/devices/${device}/streams`, { body: { protocols: ['streams.v1'] } });
      expect([status, body['code'], body['retryable'], headers['connection']]).toEqual([503, 'DRAINING', true, 'close']);
      waits.push(Number(body['retryAfterMs']));
    }
    for (let count = 0; count < 3; count += 1) {
      const [peer, head] = await rawLink(test, DEVICE);
      peers.push(peer);
      const { code, retryAfterMs } = await bodyOf(peer, head);
      expect([head.status, code, head.headers['retry-after']]).toEqual([503, 'DRAINING', String(Math.ceil(Number(retryAfterMs) / 1_000))]);
      waits.push(Number(retryAfterMs));
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(3_000);
    expect(new Set(waits).size).toBeGreaterThan(3);
    await pass(running.device, running.service, 'still here');
    expect(drained.tookMs).toBeUndefined();
    await closeClean(running.device, running.service);
    await clock.advance(TICK_MS);
    await expectRestart(control);
    await drained.over;
    expect(drained.tookMs).toBe(TICK_MS);
  });

  it('tells a service over the connection that it has kept, and then ends that', async () => {
    await openStream();
    const kept = await keepOne();
    void drain();
    expect(await post(kept)).toMatchObject({ status: 503, body: { code: 'DRAINING', retryAfterMs: expect.any(Number) } });
    await expect(post(kept)).rejects.toThrow();
  });

  it('lets a handshake go on to its stream, and the stream to its end', async () => {
    const asked = await ask('streams.v1');
    const drained = drain({ limitMs: 60_000 });
    const { device, service } = await establish(asked, 'streams.v1');
    await clock.advance(10 * TICK_MS);
    await pass(service, device, 'there');
    await pass(device, service, 'and back');
    expect(drained.tookMs).toBeUndefined();
    await closeClean(device, service);
    await clock.advance(TICK_MS);
    await expectRestart(control);
    await drained.over;
    expect(test.records.map(({ result }) => result)).toEqual(['established', 'clean']);
  });

  it('E9 cuts what still runs after its limit, with 1012', async () => {
    const { device, service } = await openStream();
    const drained = drain();
    await clock.advance(7_999);
    await pass(service, device, 'until the last moment');
    expect(drained.tookMs).toBeUndefined();
    await clock.advance(1);
    await expectRestart(device, service, control);
    await drained.over;
    expect(drained.tookMs).toBe(8_000);
    expect(test.records.at(-1)).toMatchObject({ operation: 'stream', result: 'terminated', endedBy: 'hub', reason: 'DRAINING;retry=1' });
  });

  it('waits for no device, and for no session that is at rest', async () => {
    const { device, service } = await openStream('streams.session.v1');
    const drained = drain();
    for (let ticks = 0; ticks < 5; ticks += 1) {
      await pass(ticks % 2 === 0 ? device : service, ticks % 2 === 0 ? service : device, 'busy');
      await clock.advance(TICK_MS);
    }
    expect(drained.tookMs).toBeUndefined();
    await clock.advance(TICK_MS);
    await expectRestart(device, service, control);
    await drained.over;
    expect(drained.tookMs).toBe(6 * TICK_MS);
  });

  it('is gone at once where nothing runs, and where it is closed', async () => {
    const { device, service } = await openStream();
    const drained = drain({ limitMs: 60_000, withinMs: 60_000 });
    const [again, closed] = [test.hub.drain(), test.hub.close()];
    expect(await control.readFrame()).toMatchObject({ opcode: 1 });
    await expectRestart(device, service, control);
    await Promise.all([again, closed, drained.over]);
    expect(drained.tookMs).toBe(0);
    test = await startTestHub({ clock });
    control = await link();
    const idle = drain();
    await expectRestart(control);
    await idle.over;
    expect(idle.tookMs).toBe(0);
  });

  it.each([
    ['withinMs', -1],
    ['withinMs', 3_600_001],
    ['limitMs', 0.5],
    ['limitMs', '8s'],
  ])('takes no %s of %j, and goes on', async (field, value) => {
    expect(() => test.hub.drain({ [field]: value } as DrainOptions)).toThrow(
      expect.objectContaining({ code: 'STREAMS_INVALID_ARGUMENT', message: expect.stringContaining(`drain: ${field}: `) }),
    );
    expect(await send(test, 'GET', '/readyz')).toMatchObject({ status: 200 });
  });
});

describe('a hub whose devices have another one to go to', () => {
  it.each([
    ['tells each how long it has', { withinMs: 4_000, limitMs: 60_000 }, 4_000, 6_000],
    ['tells nobody more than its limit', { withinMs: 20_000, limitMs: 5_000 }, 5_000, 5_000],
  ])('%s, and goes no sooner', async (_, options, withinMs, tookMs) => {
    const newer = await link();
    const drained = drain(options);
    expect(JSON.parse((await newer.readFrame()).payload.toString())).toEqual({ type: 'goaway', withinMs });
    await clock.advance(tookMs - 1);
    expect(drained.tookMs).toBeUndefined();
    await clock.advance(1);
    await expectRestart(newer);
    await drained.over;
    expect(drained.tookMs).toBe(tookMs);
  });

  it('ends the connections that services have kept, whose next ones lead there', async () => {
    await openStream();
    const kept = await keepOne();
    void drain({ withinMs: 1_000, limitMs: 20_000 });
    await expect(post(kept)).rejects.toThrow();
  });

  it('waits for a session at rest, which is to follow its device', async () => {
    const { device, service } = await openStream('streams.session.v1');
    const drained = drain({ withinMs: 1_000, limitMs: 20_000 });
    await clock.advance(19_000);
    expect(drained.tookMs).toBeUndefined();
    await closeClean(device, service);
    await clock.advance(TICK_MS);
    await expectRestart(control);
    await drained.over;
    expect(drained.tookMs).toBe(19_000 + TICK_MS);
  });

  it('waits for no device where none is connected', async () => {
    control.destroy();
    let status: unknown;
    while (status !== 404) {
      // It is asked no more once the hub has noticed.
      ({ status } = await call(test, 'POST', `/v1/devices/${DEVICE}/streams`, { body: { protocols: ['streams.v1'], timeoutMs: 1 } }));
    }
    const drained = drain({ withinMs: 10_000, limitMs: 60_000 });
    await drained.over;
    expect(drained.tookMs).toBe(0);
  });
});

// One attempt at a control link: what goes out, whom it trusts, what counts as a welcome, and a clock that is wrong.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { DeviceClient } from '@streams/device';
import { parseSharedAccess } from '@streams/protocol/internal';
import { certificateFor, FakeClock, seededRandom } from '@streams/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeHub, type FakeUpgrade } from '../support/fake-hub.ts';
import { closeOf, DEVICE, expectNoLeaks, startRig, until } from '../support/rig.ts';

expectNoLeaks();

const HOUR_MS = 3_600_000;
const unauthenticated = JSON.stringify({ code: 'UNAUTHENTICATED', message: 'no', retryable: false, trackingId: '' });

/** Refuses as a hub does whose clock is `aheadMs` ahead of the client's. */
function refuseByClock(upgrade: FakeUpgrade, clock: FakeClock, aheadMs: number): void {
  upgrade.refuse(401, { Date: new Date(clock.wallMs() + aheadMs).toUTCString() }, unauthenticated);
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}

function expiryOf(upgrade: FakeUpgrade): number {
  return Number(parseSharedAccess(upgrade.request.headers.authorization ?? '')?.expiry) * 1_000;
}

/** The cause of the first setback of a device that keeps trying. */
async function setbackOf(device: DeviceClient): Promise<unknown> {
  device.connect().catch(() => undefined); // ended with the test
  await until('a setback', () => device.state.name === 'waiting');
  return device.state.name === 'waiting' ? device.state.cause : undefined;
}

describe('the request for a link', () => {
  it('says who the device is, and nothing more', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    await hub.device({ id: 'pump%7' }).connect();
    const { request } = await hub.upgrade();
    expect(request.url).toBe('/v1/devices/pump%257/control');
    expect(request.method).toBe('GET');
    const { authorization, 'sec-websocket-key': key, 'streams-instance-id': instanceId, ...headers } = request.headers;
    expect(headers).toEqual({
      host: `127.0.0.1:${hub.port}`,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'streams.control.v1',
    });
    expect(key).toHaveLength(24);
    expect(instanceId).toMatch(/^[\w-]{22}$/);
    const signature = parseSharedAccess(authorization ?? '');
    expect(signature).toMatchObject({ resource: encodeURIComponent('127.0.0.1/devices/pump%7'), policy: undefined });
    expect(expiryOf(await hub.upgrade())).toBe(wholeSeconds(hub.clock.wallMs() + HOUR_MS));
  });

  it('bears the same instance id for all links of a client, and another for the next client', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    const device = hub.device();
    await device.connect();
    (await hub.upgrade()).socket.destroy();
    await until('the loss', () => device.state.name === 'waiting');
    await hub.clock.advance(2_000);
    await until('the second link', () => device.state.name === 'connected');
    await hub.device({ random: seededRandom(2) }).connect();
    const ids = hub.upgrades.map(({ request }) => request.headers['streams-instance-id']);
    expect(ids).toHaveLength(3);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });
});

describe('an attempt that comes to nothing', () => {
  it('is given up when the hub has not answered for ten seconds', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    device.connect().catch(() => undefined);
    const { socket } = await hub.upgrade();
    const gone = closeOf(socket);
    await hub.clock.advance(9_999, { realMs: 1 });
    expect(device.state.name).toBe('connecting');
    await hub.clock.advance(1, { realMs: 1 });
    expect(device.state).toMatchObject({ name: 'waiting', attempt: 1, cause: { code: 'STREAMS_CONNECT_FAILED' } });
    await gone;
  });

  it('D8 is given up when the hub has not said welcome for ten seconds', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    device.connect().catch(() => undefined);
    const link = (await hub.upgrade()).grant();
    // The limit for the welcome begins with the 101, a few turns from now.
    await new Promise((resolve) => setTimeout(resolve, 30));
    await hub.clock.advance(9_999, { realMs: 1 });
    expect(device.state.name).toBe('connecting');
    await hub.clock.advance(1, { realMs: 1 });
    expect(device.state).toMatchObject({ name: 'waiting', cause: { message: expect.stringContaining('10000 ms') as string } });
    await until('the link is gone', () => link.ended);
  });

  it.each([
    ['another message', '{"type":"goaway","withinMs":1000}'],
    ['no JSON', 'hello'],
    ['JSON that is no object', '[1]'],
    ['a welcome without a hub', '{"type":"welcome","streamingEndpoints":[],"timeMs":1}'],
    [
      'a welcome with endpoints of the wrong type',
      '{"type":"welcome","hub":{"name":"h","version":"1"},"streamingEndpoints":[7],"timeMs":1}',
    ],
  ])('ends where the hub begins with %s', async (_what, text) => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(text);
    const cause = await setbackOf(hub.device());
    expect(cause).toMatchObject({ code: 'STREAMS_CONNECT_FAILED', retryable: true });
  });

  it('ends where the hub closes before its welcome', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => upgrade.grant().close(1012, 'DRAINING;retry=1');
    expect(await setbackOf(hub.device())).toMatchObject({ code: 'STREAMS_CONNECT_FAILED' });
  });

  it.each([
    ['a redirect, which it does not follow', 302, { Location: 'https://127.0.0.1:1/' }, ''],
    ['the page of a proxy', 502, {}, '<html>Bad Gateway</html>'],
    ['no page at all', 500, {}, ''],
  ])('ends where the answer is %s', async (_what, status, headers, body) => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => upgrade.refuse(status, headers, body);
    expect(await setbackOf(hub.device())).toMatchObject({ code: 'STREAMS_CONNECT_FAILED', details: { httpStatus: status } });
    expect(hub.upgrades).toHaveLength(1);
  });

  it('E10 rejects connect() where the hub says what no waiting can cure', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => upgrade.refuse(421, {}, '{"code":"WRONG_HOST","message":"not me","retryable":false,"trackingId":""}');
    await expect(hub.device().connect()).rejects.toMatchObject({ code: 'STREAMS_WRONG_HOST', message: 'not me' });
  });
});

describe('trust', () => {
  it.each([
    ['of another CA', () => certificateFor('127.0.0.1'), certificateFor('127.0.0.1').cert],
    ['for another address', () => certificateFor('127.0.0.2'), undefined],
    ['that has expired', () => certificateFor('127.0.0.1', -1), undefined],
  ])('refuses a certificate %s at once, and says nothing to that hub', async (_what, makeCertificate, otherCa) => {
    const certificate = makeCertificate();
    const hub = await FakeHub.start(certificate);
    const device = hub.device({ ca: otherCa ?? certificate.cert });
    await expect(device.connect()).rejects.toMatchObject({ code: 'STREAMS_TLS_FAILED', retryable: false });
    expect(device.state).toEqual({ name: 'idle' });
    expect(hub.upgrades).toHaveLength(0);
    expect(hub.clock.monotonicMs()).toBe(0);
  });

  it('trusts no self-signed certificate by itself', async () => {
    const hub = await FakeHub.start();
    const identity = { hostName: `127.0.0.1:${hub.port}`, deviceId: DEVICE, sharedAccessKey: 'AAAA', clock: hub.clock };
    await expect(new DeviceClient(identity).connect()).rejects.toMatchObject({ code: 'STREAMS_TLS_FAILED' });
    expect(hub.upgrades).toHaveLength(0);
  });

  it('G3 refuses a hub that speaks no TLS', async () => {
    const hub = await FakeHub.start();
    const server = createServer((socket) => socket.resume().end('HTTP/1.1 200 OK\r\n\r\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const identity = { hostName: `127.0.0.1:${(server.address() as AddressInfo).port}`, deviceId: DEVICE, sharedAccessKey: 'AAAA' };
    await expect(new DeviceClient({ ...identity, clock: hub.clock }).connect()).rejects.toMatchObject({ code: 'STREAMS_TLS_FAILED' });
  });
});

describe('a clock that is wrong', () => {
  it.each([-2, 2, -23, 23])('is set right by the Date of the hub (%i hours)', async (hours) => {
    const rig = await startRig();
    const clock = new FakeClock();
    clock.jumpWall(hours * HOUR_MS);
    const device = await rig.device({ clock });
    await device.connect();
    expect(device.state.name).toBe('connected');
  });

  it.each([-25, 25])('is not believed beyond a day (%i hours)', async (hours) => {
    const rig = await startRig();
    const clock = new FakeClock();
    clock.jumpWall(hours * HOUR_MS);
    const device = await rig.device({ clock });
    await expect(device.connect()).rejects.toMatchObject({ code: 'STREAMS_UNAUTHENTICATED' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('costs one attempt more, and only the first time', async () => {
    const hub = await FakeHub.start();
    const aheadMs = 5 * HOUR_MS;
    hub.onUpgrade = (upgrade) => {
      if (expiryOf(upgrade) < hub.clock.wallMs() + aheadMs) refuseByClock(upgrade, hub.clock, aheadMs);
      else upgrade.grant(hub.welcome());
    };
    const device = hub.device();
    await device.connect();
    expect(hub.upgrades).toHaveLength(2);
    expect(expiryOf(await hub.upgrade(2))).toBe(wholeSeconds(hub.clock.wallMs() + aheadMs) + HOUR_MS);
    (await hub.upgrade(2)).socket.destroy();
    await until('the loss', () => device.state.name === 'waiting');
    await hub.clock.advance(2_000);
    await until('the second link', () => device.state.name === 'connected');
    expect(hub.upgrades).toHaveLength(3);
  });

  it.each([
    ['the clock is right: the key is wrong', 0, 1],
    ['the clock is off by less than half the leeway', 29_000, 1],
    ['the new signature is refused as well', 2 * HOUR_MS, 2],
    ['the hub is off by more than a day', 24 * HOUR_MS + 60_000, 1],
  ])('is not tried again where %s', async (_what, aheadMs, attempts) => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => refuseByClock(upgrade, hub.clock, aheadMs);
    await expect(hub.device().connect()).rejects.toMatchObject({ code: 'STREAMS_UNAUTHENTICATED' });
    expect(hub.upgrades).toHaveLength(attempts);
  });
});

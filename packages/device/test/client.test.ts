// DeviceClient: what connect() promises to its callers.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { AuthenticationError, DeviceClient, type StreamsError } from '@streams/device';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeHub } from './support/fake-hub.ts';
import { closeOf, DEVICE, expectNoLeaks, isPending, startRig, until } from './support/rig.ts';

expectNoLeaks();

const unauthenticated = JSON.stringify({ code: 'UNAUTHENTICATED', message: 'no', retryable: false, trackingId: 'T' });

describe('connect', () => {
  it('resolves on the welcome of the hub, and not before', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    expect(device.state).toEqual({ name: 'idle' });
    const connected = device.connect();
    const link = (await hub.upgrade()).grant();
    expect(await isPending(connected)).toBe(true);
    expect(device.state).toEqual({ name: 'connecting' });
    link.send(hub.welcome());
    await connected;
    expect(device.state).toEqual({ name: 'connected' });
  });

  it('resolves with the real hub, which then knows that the device is there', async () => {
    const rig = await startRig();
    const device = await rig.device();
    expect(device.deviceId).toBe(DEVICE);
    await device.connect();
    expect(device.state.name).toBe('connected');
    const service = await rig.service();
    await expect(service.createStream(DEVICE)).rejects.toMatchObject({ code: 'STREAMS_NO_HANDLER' });
  });

  it('opens no socket before it is called', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    device.onStreamRequest(() => undefined);
    await hub.clock.advance(120_000);
    expect(hub.upgrades).toHaveLength(0);
    expect(hub.clock.pendingTimers).toBe(0);
    expect(device.state.name).toBe('idle');
  });

  it('shares one attempt, and its success, among all its callers', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const calls = [device.connect(), device.connect(), device.connect()];
    (await hub.upgrade()).grant(hub.welcome());
    await Promise.all(calls);
    await device.connect();
    expect(hub.upgrades).toHaveLength(1);
  });

  it('shares the failure of an attempt too', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => upgrade.refuse(401, {}, unauthenticated);
    const device = hub.device();
    const results = await Promise.allSettled([device.connect(), device.connect()]);
    expect(results.map((result) => result.status === 'rejected' && (result.reason as StreamsError).code)).toEqual([
      'STREAMS_UNAUTHENTICATED',
      'STREAMS_UNAUTHENTICATED',
    ]);
    expect(hub.upgrades).toHaveLength(1);
  });

  it('keeps trying while nothing listens, and resolves when the hub is there', async () => {
    const hub = await FakeHub.start();
    let refusals = 3;
    hub.onUpgrade = (upgrade) => {
      refusals -= 1;
      if (refusals < 0) upgrade.grant(hub.welcome());
      else upgrade.socket.destroy();
    };
    const states: string[] = [];
    const logger = { info: (fields: object) => void states.push((fields as { link: { name: string } }).link.name) };
    const device = hub.device({ logger: { ...logger, warn: () => undefined, error: () => undefined } });
    const connected = device.connect();
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await until(`setback ${attempt}`, () => device.state.name === 'waiting' && device.state.attempt === attempt);
      expect(device.state).toMatchObject({ attempt, cause: { code: 'STREAMS_CONNECT_FAILED' } });
      await hub.clock.advance(device.state.name === 'waiting' ? device.state.delayMs + 1 : 0);
    }
    await connected;
    expect(states).toEqual(['connecting', 'waiting', 'connecting', 'waiting', 'connecting', 'waiting', 'connecting', 'connected']);
  });

  it('takes a port on which nobody listens for a hub that may come', async () => {
    const hub = await FakeHub.start();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    const identity = { hostName: `127.0.0.1:${port}`, deviceId: DEVICE, sharedAccessKey: 'AAAA' };
    const device = new DeviceClient({ ...identity, clock: hub.clock });
    const connected = device.connect();
    await until('the first setback', () => device.state.name === 'waiting');
    expect(device.state).toMatchObject({ attempt: 1, cause: { code: 'STREAMS_CONNECT_FAILED', details: { cause: 'ECONNREFUSED' } } });
    expect(await isPending(connected)).toBe(true);
    await device.close();
    await expect(connected).rejects.toMatchObject({ code: 'STREAMS_CLOSED' });
  });
});

describe('connect that cannot succeed', () => {
  it('rejects at once where the key is wrong, says which record of the hub tells more, and can be called again', async () => {
    const rig = await startRig();
    const connectionString = await rig.hub.deviceConnectionString(DEVICE);
    const wrong = connectionString.replace(/SharedAccessKey=[^;]+/, `SharedAccessKey=${Buffer.alloc(32).toString('base64')}`);
    const device = rig.use(DeviceClient.fromConnectionString(wrong, { clock: rig.clock }));
    for (let call = 1; call <= 2; call += 1) {
      const error: unknown = await device.connect().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error).toMatchObject({ code: 'STREAMS_UNAUTHENTICATED', retryable: false });
      expect((error as StreamsError).trackingId).toMatch(/^[\w-]{22}$/);
      expect(device.state).toEqual({ name: 'idle' });
    }
    expect(rig.clock.monotonicMs()).toBe(0);
  });

  it('succeeds when it is called again after the cause is gone', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => upgrade.refuse(401, {}, unauthenticated);
    const device = hub.device();
    await expect(device.connect()).rejects.toMatchObject({ code: 'STREAMS_UNAUTHENTICATED', trackingId: 'T' });
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    await device.connect();
    expect(device.state.name).toBe('connected');
    expect(hub.upgrades).toHaveLength(2);
  });

  it('starts its waits anew after a failed call', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => upgrade.socket.destroy();
    const device = hub.device();
    const abort = new AbortController();
    const first = device.connect({ signal: abort.signal });
    await until('the first setback', () => device.state.name === 'waiting');
    abort.abort();
    await expect(first).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });
    const second = device.connect();
    await until('a setback', () => device.state.name === 'waiting');
    expect(device.state).toMatchObject({ attempt: 1 });
    await device.close();
    await expect(second).rejects.toMatchObject({ code: 'STREAMS_CLOSED' });
  });
});

describe('the signal of connect', () => {
  it('ends a call that it has aborted beforehand, without a dial', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const reason = new Error('not today');
    await expect(device.connect({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject({ code: 'STREAMS_ABORTED', cause: reason });
    expect(device.state.name).toBe('idle');
    await hub.clock.advance(60_000);
    expect(hub.upgrades).toHaveLength(0);
  });

  it('ends a dial that runs, and its socket', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const abort = new AbortController();
    const connected = device.connect({ signal: abort.signal });
    const { socket } = await hub.upgrade();
    const closed = closeOf(socket);
    abort.abort();
    await expect(connected).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });
    await closed;
    expect(device.state.name).toBe('idle');
    expect(hub.clock.pendingTimers).toBe(0);
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    await device.connect();
    expect(device.state.name).toBe('connected');
  });

  it('ends the wait for the welcome', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const abort = new AbortController();
    const connected = device.connect({ signal: abort.signal });
    const link = (await hub.upgrade()).grant();
    await new Promise((resolve) => setTimeout(resolve, 20));
    abort.abort();
    await expect(connected).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });
    await until('the socket is gone', () => link.ended);
  });

  it('ends the wait between two dials', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => upgrade.socket.destroy();
    const device = hub.device();
    const abort = new AbortController();
    const connected = device.connect({ signal: abort.signal });
    await until('the first setback', () => device.state.name === 'waiting');
    abort.abort();
    await expect(connected).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });
    await hub.clock.advance(60_000);
    expect(hub.upgrades).toHaveLength(1);
  });

  it('means nothing once the device is connected', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    const device = hub.device();
    const abort = new AbortController();
    await device.connect({ signal: abort.signal });
    abort.abort();
    await hub.clock.advance(20_000, { stepMs: 5_000, realMs: 1 });
    expect(device.state.name).toBe('connected');
    expect(hub.upgrades).toHaveLength(1);
  });

  it('leaves no listener behind', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    await hub.device().connect({ signal });
    expect(added).toHaveBeenCalled();
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(added.mock.calls.map(([, listener]) => listener));
  });

  it('ends only the call that it belongs to', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const abort = new AbortController();
    const [aborted, patient] = [device.connect({ signal: abort.signal }), device.connect()];
    const upgrade = await hub.upgrade();
    abort.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });
    expect(await isPending(patient)).toBe(true);
    upgrade.grant(hub.welcome());
    await patient;
    expect(device.state.name).toBe('connected');
  });
});

describe('connect and close', () => {
  it('is refused once the client is closed, whatever it was before', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    const fresh = hub.device();
    await fresh.close();
    await expect(fresh.connect()).rejects.toMatchObject({ code: 'STREAMS_CLOSED' });
    const used = hub.device();
    await used.connect();
    await used.close();
    await expect(used.connect()).rejects.toMatchObject({ code: 'STREAMS_CLOSED' });
    const cut = hub.device();
    await cut.connect();
    cut.destroy();
    await expect(cut.connect()).rejects.toMatchObject({ code: 'STREAMS_CLOSED' });
    expect(hub.upgrades).toHaveLength(2);
  });

  it('ends with the client while it dials', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const connected = device.connect();
    const { socket } = await hub.upgrade();
    const gone = closeOf(socket);
    await Promise.all([expect(connected).rejects.toMatchObject({ code: 'STREAMS_CLOSED' }), device.close(), gone]);
    expect(device.state).toEqual({ name: 'closed' });
  });

  it('leaves an unused client to the garbage collector', async () => {
    const device = new DeviceClient({ hostName: 'hub.example', deviceId: DEVICE, sharedAccessKey: 'AAAA' });
    onTestFinished(() => device.destroy());
    expect(await isPending(device.closed)).toBe(true);
    await device.close();
    await expect(device.closed).resolves.toBeUndefined();
  });
});

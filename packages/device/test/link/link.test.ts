// The control link over time: what happens after it was lost, in which order, and who may end it for good.
import { ReplacedError, type StreamRequest, type StreamsError } from '@streams/device';
import { encodeFrame, OPCODE } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { FakeHub } from '../support/fake-hub.ts';
import { askForStream } from '../support/raw-service.ts';
import { DEVICE, echo, expectNoLeaks, isPending, lastingOptions, roundTrip, startRig, until } from '../support/rig.ts';

expectNoLeaks();

const STEPS = { stepMs: 1_000, realMs: 1 };

function overloaded(retryAfterMs: number): string {
  return JSON.stringify({ code: 'OVERLOADED', message: 'busy', retryable: true, retryAfterMs, trackingId: '' });
}

/** Lets time pass on a link that the hub keeps alive. */
async function calm(hub: FakeHub, ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= 10_000) {
    hub.upgrades.at(-1)?.socket.write(encodeFrame({ opcode: OPCODE.ping, masked: false }));
    await hub.clock.advance(Math.min(leftMs, 10_000), STEPS);
  }
}

describe('a link that is lost', () => {
  it('is dialled again within two seconds when its socket dies, and serves requests as before', async () => {
    const rig = await startRig();
    const proxy = await rig.proxy();
    const device = await rig.echoDevice({ port: proxy.port });
    const service = await rig.service();
    let dialledMs = Infinity;
    device.on('state', ({ name }) => {
      if (name === 'connecting') dialledMs = rig.clock.monotonicMs();
    });
    for (let round = 1; round <= 5; round += 1) {
      const lostMs = rig.clock.monotonicMs();
      proxy.connections[0]?.reset();
      await until('the loss', () => device.state.name === 'waiting');
      expect(device.state).toMatchObject({ cause: { code: 'STREAMS_CONNECT_FAILED', details: { closeCode: 1006 } } });
      await rig.passUntil(until('the new link', () => device.state.name === 'connected'));
      const stream = await service.createStream(DEVICE);
      expect(await roundTrip(stream, `round ${round}`)).toBe(`round ${round}`);
      // Later ones wait longer each.
      if (round === 1) expect(dialledMs - lostMs).toBeLessThanOrEqual(2_000);
    }
  });

  it('survives the restart of the hub on the same port', async () => {
    const lasting = await lastingOptions();
    const rig = await startRig(lasting);
    const device = await rig.echoDevice();
    const service = await rig.service();
    await rig.passUntil(rig.hub.close());
    expect(device.state).toMatchObject({ name: 'waiting', cause: { details: { closeCode: 1012 } } });
    await rig.startAgain(lasting);
    await rig.passUntil(until('the new link', () => device.state.name === 'connected'));
    expect(await roundTrip(await service.createStream(DEVICE), 'again')).toBe('again');
  });

  it('lets its streams go on', async () => {
    const rig = await startRig();
    const proxy = await rig.proxy();
    const device = await rig.echoDevice({ port: proxy.port });
    const stream = await (await rig.service()).createStream(DEVICE);
    stream.write('before, ');
    // Stream URLs lead to the hub itself, past the proxy: this cuts the control link alone.
    proxy.inject({ up: { frozen: true }, down: { frozen: true } });
    proxy.connections[0]?.reset();
    await until('the loss', () => device.state.name === 'waiting');
    stream.write('during, ');
    await rig.clock.advance(60_000, STEPS);
    expect(device.state.name).not.toBe('connected');
    expect(await roundTrip(stream, 'after')).toBe('before, during, after');
    await expect(stream.outcome).resolves.toEqual({ by: 'local', reason: '', clean: true });
  });

  it('waits longer from setback to setback, and anew after a minute of calm', async () => {
    const hub = await FakeHub.start();
    const waits: number[] = [];
    let welcomes = 0;
    hub.onUpgrade = (upgrade) => {
      const link = upgrade.grant(hub.welcome());
      welcomes += 1;
      if (welcomes <= 6) link.close(1012, 'DRAINING;retry=1');
    };
    const device = hub.device({ random: { uniform: () => 0.999, bytes: (count) => Buffer.alloc(count) } });
    await device.connect();
    for (let round = 1; round <= 6; round += 1) {
      await until('the loss', () => device.state.name === 'waiting' && device.state.attempt === round);
      if (device.state.name !== 'waiting') expect.unreachable();
      waits.push(Math.round(device.state.delayMs));
      await hub.clock.advance(device.state.delayMs + 1);
    }
    expect(waits).toEqual([1_998, 1_998, 3_996, 7_992, 15_984, 29_970]);
    await until('a link that stands', () => device.state.name === 'connected');
    await calm(hub, 59_000);
    hub.upgrades.at(-1)?.socket.destroy();
    await until('the loss', () => device.state.name === 'waiting');
    expect(device.state).toMatchObject({ attempt: 7 });
    await hub.clock.advance(30_001);
    await until('a link that stands', () => device.state.name === 'connected');
    await calm(hub, 60_000);
    hub.upgrades.at(-1)?.socket.destroy();
    await until('the loss', () => device.state.name === 'waiting');
    expect(device.state).toMatchObject({ attempt: 1 });
  });

  it.each([
    ['seconds', () => '90', 90_000],
    ['a date', (hub: FakeHub) => new Date(hub.clock.wallMs() + 90_000).toUTCString(), 89_000],
  ])('is left alone for as long as Retry-After says, in %s', async (_what, retryAfter, leastMs) => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => upgrade.refuse(503, { Date: new Date(hub.clock.wallMs()).toUTCString(), 'Retry-After': retryAfter(hub) });
    const device = hub.device();
    const connected = device.connect();
    await until('the setback', () => device.state.name === 'waiting');
    await hub.clock.advance(leastMs - 1_000);
    expect(hub.upgrades).toHaveLength(1);
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    await hub.clock.advance(3_000);
    await connected;
    expect(hub.upgrades).toHaveLength(2);
  });

  it.each([
    ['Retry-After is no time', { 'Retry-After': 'soon' }, ''],
    ['Retry-After is negative', { 'Retry-After': '-5' }, ''],
    ['Retry-After is beyond all numbers', { 'Retry-After': '1e400' }, ''],
    ['Retry-After is beyond all timers', { 'Retry-After': '99999999999' }, ''],
    ['the hub asks for more than a timer can wait', {}, overloaded(2 ** 40)],
    ['the hub asks for less than nothing', {}, overloaded(-1)],
  ])('is dialled again within the hour where %s', async (_what, headers, body) => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => upgrade.refuse(503, headers, body);
    const device = hub.device();
    const connected = device.connect();
    await until('the setback', () => device.state.name === 'waiting');
    const delayMs = device.state.name === 'waiting' ? device.state.delayMs : Number.NaN;
    expect(delayMs).toBeGreaterThanOrEqual(0);
    expect(delayMs).toBeLessThanOrEqual(3_600_000);
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    await hub.clock.advance(delayMs + 1);
    await connected;
  });
});

describe('a device that is no longer welcome', () => {
  it('is cut off when it is disabled, asks every five minutes, and is back when it is enabled', async () => {
    const rig = await startRig();
    const device = await rig.echoDevice();
    const service = await rig.service();
    const stream = await service.createStream(DEVICE);
    const failure = new Promise((resolve) => stream.resume().once('error', resolve));
    await rig.hub.hub.putDevice(DEVICE, { enabled: false });
    await until('the loss', () => device.state.name === 'waiting');
    expect(await failure).toMatchObject({ code: 'STREAMS_STREAM_TERMINATED', by: 'hub', closeCode: 1008 });
    await rig.passUntil(until('the refusal', () => causeOf(device.state) === 'STREAMS_UNAUTHENTICATED'));
    expect(device.state).toMatchObject({ name: 'waiting', delayMs: 300_000 });
    await expect(service.createStream(DEVICE)).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_CONNECTED' });
    await rig.hub.hub.putDevice(DEVICE, { enabled: true });
    await rig.clock.advance(299_000);
    expect(device.state.name).toBe('waiting');
    await rig.clock.advance(1_100);
    await until('the new link', () => device.state.name === 'connected');
  });

  it('comes back at once when the hub has ended its link because the credential ended', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    const device = hub.device();
    await device.connect();
    const link = hub.upgrades[0]?.socket;
    link?.end(Buffer.concat([Buffer.from([0x88, 23, 0x03, 0xf0]), Buffer.from('TOKEN_EXPIRED;retry=1')]));
    await until('the loss', () => device.state.name === 'waiting');
    expect(device.state).toMatchObject({ attempt: 1, cause: { details: { closeCode: 1008 } } });
    await hub.clock.advance(2_000);
    await until('the new link', () => device.state.name === 'connected');
  });
});

describe('two instances of one device', () => {
  it('E7 leave the place to the newer one; the older ends for good and does not fight', async () => {
    const rig = await startRig();
    const proxy = await rig.proxy();
    const older = await rig.device({ port: proxy.port });
    older.onStreamRequest((request) => request.reject('older'));
    await older.connect();
    const newer = await rig.device({ port: proxy.port });
    newer.onStreamRequest(async (request) => void echo(await request.accept()));
    await newer.connect();
    const end = (await older.closed) as StreamsError;
    expect(end).toBeInstanceOf(ReplacedError);
    expect(end).toMatchObject({ code: 'STREAMS_REPLACED', retryable: false });
    expect(older.state).toEqual({ name: 'closed', cause: end });
    await expect(older.connect()).rejects.toBe(end);
    await rig.clock.advance(600_000, { stepMs: 2_000 });
    expect(proxy.connections).toHaveLength(1);
    expect(newer.state.name).toBe('connected');
    expect(await isPending(newer.closed)).toBe(true);
    expect(await roundTrip(await (await rig.service()).createStream(DEVICE), 'newer')).toBe('newer');
    await older.close();
  });

  it('end the requests that the older one has not answered', async () => {
    const rig = await startRig();
    const older = await rig.device();
    const requests: StreamRequest[] = [];
    older.onStreamRequest((request) => void requests.push(request));
    await older.connect();
    const asked = askForStream(rig);
    await until('the request', () => requests.length === 1);
    const newer = await rig.device();
    await newer.connect();
    await older.closed;
    expect(await asked).toMatchObject({ status: 404, body: { code: 'DEVICE_NOT_CONNECTED' } });
    expect(requests[0]?.signal.reason).toMatchObject({ code: 'STREAMS_REPLACED' });
    await expect(requests[0]?.accept()).rejects.toMatchObject({ code: 'STREAMS_REPLACED' });
  });

  it('keep the streams of the older one', async () => {
    const rig = await startRig();
    const older = await rig.echoDevice();
    const stream = await (await rig.service()).createStream(DEVICE);
    await rig.echoDevice();
    await older.closed;
    expect(await roundTrip(stream, 'still mine')).toBe('still mine');
  });
});

function causeOf(state: { name: string; cause?: unknown }): string | undefined {
  return (state.cause as StreamsError | undefined)?.code;
}

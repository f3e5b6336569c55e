// DeviceClient: its end. Graceful within bounds, at once where that is asked for, and nothing left behind either way.
import { once } from 'node:events';
import { type DeviceStream, type StreamRequest, StreamTerminatedError } from '@streams/device';
import { describe, expect, it } from 'vitest';
import { FakeHub } from './support/fake-hub.ts';
import { askForStream } from './support/raw-service.ts';
import { closeOf, DEVICE, echo, expectNoLeaks, isPending, type Rig, startRig, until } from './support/rig.ts';

expectNoLeaks();

/** Reads a stream, and resolves with what it ended with. */
function failureOf(stream: DeviceStream): Promise<unknown> {
  return new Promise((resolve) => stream.resume().once('error', resolve));
}

async function speak(stream: DeviceStream, text: string): Promise<string> {
  stream.write(text);
  const [answer] = (await once(stream, 'data')) as [Buffer];
  return answer.toString();
}

/** A device whose handler keeps the request and returns. */
async function deviceWithRequest(
  rig: Rig,
): Promise<{ device: Awaited<ReturnType<Rig['device']>>; request: StreamRequest; asked: Promise<unknown> }> {
  const device = await rig.device();
  const requests: StreamRequest[] = [];
  device.onStreamRequest((request) => void requests.push(request));
  await device.connect();
  const asked = askForStream(rig);
  await until('the request', () => requests.length > 0);
  return { device, request: requests[0] as StreamRequest, asked };
}

describe('close', () => {
  it('ends the link, tells so, and can be called again', async () => {
    const rig = await startRig();
    const device = await rig.echoDevice();
    const service = await rig.service();
    expect(await isPending(device.closed)).toBe(true);
    await Promise.all([device.close(), device.close()]);
    await device.close();
    expect(device.state).toEqual({ name: 'closed', cause: undefined });
    await expect(device.closed).resolves.toBeUndefined();
    await expect(service.createStream(DEVICE)).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_CONNECTED' });
    expect(rig.clock.monotonicMs()).toBe(0);
  });

  it('is what `await using` does', async () => {
    const rig = await startRig();
    const device = await rig.echoDevice();
    await device[Symbol.asyncDispose]();
    await expect(device.closed).resolves.toBeUndefined();
  });

  it.each([
    ['five seconds by default', undefined, 5_000],
    ['as long as it is told', 700, 700],
  ])('lets open streams go on for %s, then aborts them', async (_what, closeTimeoutMs, waitMs) => {
    const rig = await startRig();
    const device = await rig.echoDevice({ closeTimeoutMs });
    const stream = await (await rig.service()).createStream(DEVICE);
    const failure = failureOf(stream);
    const closed = device.close();
    await until('the link is closed', () => device.state.name === 'closed');
    await rig.clock.advance(waitMs - 1, { realMs: 1 });
    expect(await speak(stream, 'still here')).toBe('still here');
    expect(await isPending(closed)).toBe(true);
    await rig.clock.advance(1, { realMs: 1 });
    const error = await failure;
    expect(error).toBeInstanceOf(StreamTerminatedError);
    expect(error).toMatchObject({ by: 'peer', closeCode: 4400, reason: 'the client was closed', bytesRead: 10 });
    await closed;
  });

  it('is done as soon as the streams are', async () => {
    const rig = await startRig();
    const device = await rig.echoDevice();
    const stream = await (await rig.service()).createStream(DEVICE);
    const closed = device.close();
    expect(await isPending(closed)).toBe(true);
    stream.end('bye');
    expect((await stream.toArray()).join('')).toBe('bye');
    await closed;
    await expect(stream.outcome).resolves.toMatchObject({ clean: true });
    expect(rig.clock.monotonicMs()).toBe(0);
  });

  it('ends the wait for the next dial', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => upgrade.socket.destroy();
    const device = hub.device();
    const connected = device.connect();
    await until('the first setback', () => device.state.name === 'waiting');
    await Promise.all([device.close(), expect(connected).rejects.toMatchObject({ code: 'STREAMS_CLOSED' })]);
    expect(hub.clock.pendingTimers).toBe(0);
  });

  it('ends the dial of a successor', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const connected = device.connect();
    const link = (await hub.upgrade()).grant(hub.welcome());
    await connected;
    link.send({ type: 'goaway', withinMs: 0 });
    while (hub.upgrades.length < 2 && hub.clock.monotonicMs() < 200) await hub.clock.advance(1, { realMs: 1 });
    const { socket } = await hub.upgrade(2);
    expect(device.state.name).toBe('renewing');
    await Promise.all([device.close(), closeOf(socket)]);
    expect(hub.clock.pendingTimers).toBe(0);
  });

  it('does not wait for ever for a hub that never closes its side', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => {
      const link = upgrade.grant(hub.welcome());
      upgrade.socket.removeAllListeners('data').resume();
      expect(link.ended).toBe(false);
    };
    const device = hub.device();
    await device.connect();
    const closed = device.close();
    await hub.clock.advance(4_999, { realMs: 1 });
    expect(await isPending(closed)).toBe(true);
    await hub.clock.advance(1, { realMs: 1 });
    await closed;
  });
});

describe('close with a handshake under way', () => {
  it('ends a request that is not answered, and leaves no timer', async () => {
    const rig = await startRig();
    const { device, request, asked } = await deviceWithRequest(rig);
    await device.close();
    expect(request.signal.aborted).toBe(true);
    expect(request.signal.reason).toMatchObject({ code: 'STREAMS_CLOSED' });
    await expect(request.accept()).rejects.toMatchObject({ code: 'STREAMS_CLOSED' });
    // The hub gives a lost instance two seconds.
    expect(await rig.passUntil(asked)).toMatchObject({ status: 404, body: { code: 'DEVICE_NOT_CONNECTED' } });
    expect(rig.clock.monotonicMs()).toBeLessThan(3_000);
    await rig.hub.hub.close();
    expect(rig.clock.pendingTimers).toBe(0);
  });

  it.each(['close', 'destroy'] as const)('ends an accept() that waits for the service (%s)', async (verb) => {
    const rig = await startRig();
    const { device, request, asked } = await deviceWithRequest(rig);
    const accepted = request.accept();
    expect(await asked).toMatchObject({ status: 200 });
    await Promise.all([expect(accepted).rejects.toMatchObject({ code: 'STREAMS_CLOSED' }), device[verb](), device.closed]);
    await rig.clock.advance(40_000, { stepMs: 5_000, realMs: 1 });
    expect(rig.hub.records).toHaveLength(1);
    // Whether the device leg had got as far as the hub is a matter of chance.
    expect(rig.hub.records[0]).toMatchObject({
      operation: 'handshake',
      code: expect.stringMatching(/^(STREAM_GONE|HANDSHAKE_TIMEOUT)$/) as string,
    });
    await rig.hub.hub.close();
    expect(rig.clock.pendingTimers).toBe(0);
  });

  it('lets the handler answer into the void', async () => {
    const rig = await startRig();
    const { device, request } = await deviceWithRequest(rig);
    await device.close();
    request.reject('too late');
    expect(request.isAnswered).toBe(true);
    await rig.clock.advance(2_000, { realMs: 1 });
  });
});

describe('destroy', () => {
  it('ends the link and every stream at once', async () => {
    const rig = await startRig();
    const device = await rig.echoDevice();
    const service = await rig.service();
    const streams = [await service.createStream(DEVICE), await service.createStream(DEVICE)];
    const failures = streams.map(failureOf);
    device.destroy();
    device.destroy();
    await device.closed;
    for (const failure of failures) expect(await failure).toMatchObject({ by: 'peer', closeCode: 4400, reason: 'the client was closed' });
    expect(rig.clock.monotonicMs()).toBe(0);
  });

  it('cuts short a graceful close', async () => {
    const rig = await startRig();
    const device = await rig.echoDevice();
    const stream = await (await rig.service()).createStream(DEVICE);
    const failure = failureOf(stream);
    const closed = device.close();
    expect(await isPending(closed)).toBe(true);
    device.destroy();
    await Promise.all([closed, failure]);
    expect(rig.clock.monotonicMs()).toBe(0);
  });

  it('ends a client that was never connected', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    device.destroy();
    await expect(device.closed).resolves.toBeUndefined();
    expect(device.state.name).toBe('closed');
  });

  it('does not wait for a hub that is silent', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => {
      upgrade.grant(hub.welcome());
      upgrade.socket.removeAllListeners('data').pause();
    };
    const device = hub.device();
    await device.connect();
    device.destroy();
    await device.closed;
    expect(hub.clock.pendingTimers).toBe(0);
  });
});

describe('a stream whose device client has closed', () => {
  it('keeps the handler of the device running to its end', async () => {
    const rig = await startRig();
    const device = await rig.device();
    const ends: boolean[] = [];
    device.onStreamRequest(async (request) => {
      const stream = echo(await request.accept());
      ends.push((await stream.outcome).clean);
    });
    await device.connect();
    const stream = await (await rig.service()).createStream(DEVICE);
    const closed = device.close();
    stream.end('x');
    await stream.toArray();
    await closed;
    expect(ends).toEqual([true]);
  });
});

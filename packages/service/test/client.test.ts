// ServiceClient: its end. Graceful within bounds, at once where that is asked for, and nothing left behind either way.
import type { StreamRequest } from '@streams/device';
import { type DeviceStream, type ServiceClient, type StreamsError, StreamTerminatedError } from '@streams/service';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FakeHub } from './support/fake-hub.ts';
import { RawDevice } from './support/raw-device.ts';
import { DEVICE, expectNoLeaks, isPending, type Rig, roundTrip, startRig, until } from './support/rig.ts';

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

describe('close', () => {
  it('ends the connection to the hub, can be called again, and lets no more streams be made', async () => {
    const rig = await startRig();
    await rig.device();
    const proxy = await rig.proxy();
    const service = await rig.service({ port: proxy.port });
    expect(await roundTrip(await service.createStream(DEVICE), 'once')).toBe('once');
    await Promise.all([service.close(), service.close()]);
    await service.close();
    await until('the connection is gone', () => proxy.connections.length === 0);
    await expect(service.createStream(DEVICE)).rejects.toMatchObject({ code: 'STREAMS_CLOSED', retryable: false });
    expect(rig.records.filter(({ operation }) => operation === 'handshake')).toHaveLength(1);
    expect(rig.clock.monotonicMs()).toBe(0);
  });

  it('is awaited by `closed`, which by itself closes nothing', async () => {
    const rig = await startRig();
    await rig.device();
    const service = await rig.service();
    expect(await isPending(service.closed)).toBe(true);
    const stream = await service.createStream(DEVICE);
    service.destroy();
    await service.closed;
    await expect(stream.outcome).resolves.toMatchObject({ by: 'local', clean: false });
    const graceful = await rig.service();
    await graceful.close();
    await graceful.closed;
  });

  it('is what `await using` does', async () => {
    const hub = await FakeHub.start();
    const service = hub.service();
    await service[Symbol.asyncDispose]();
    await expect(service.createStream(DEVICE)).rejects.toMatchObject({ code: 'STREAMS_CLOSED' });
    expect(hub.connections).toBe(0);
  });

  it.each([
    ['five seconds by default', undefined, 5_000],
    ['as long as it is told', 700, 700],
  ])('lets open streams go on for %s, then aborts them', async (_what, closeTimeoutMs, waitMs) => {
    const rig = await startRig();
    await rig.device();
    const service = await rig.service({ closeTimeoutMs });
    const stream = await service.createStream(DEVICE);
    const failure = failureOf(stream);
    const closed = service.close();
    expect(await isPending(closed)).toBe(true);
    await rig.clock.advance(waitMs - 1, { realMs: 1 });
    expect(await speak(stream, 'still here')).toBe('still here');
    expect(await isPending(closed)).toBe(true);
    await rig.clock.advance(1, { realMs: 1 });
    await closed;
    expect(stream.destroyed).toBe(true);
    await expect(stream.outcome).resolves.toEqual({ by: 'local', reason: 'the client was closed', clean: false });
    expect(await isPending(failure)).toBe(true);
    await until('the hub has ended it', () => rig.records.length === 2);
    expect(rig.records[1]).toMatchObject({ operation: 'stream', result: 'terminated', reason: 'the client was closed' });
  });

  it('is done as soon as the streams are', async () => {
    const rig = await startRig();
    await rig.device();
    const service = await rig.service();
    const stream = await service.createStream(DEVICE);
    const closed = service.close();
    expect(await isPending(closed)).toBe(true);
    expect(await roundTrip(stream, 'bye')).toBe('bye');
    await closed;
    await expect(stream.outcome).resolves.toMatchObject({ clean: true });
    expect(rig.clock.monotonicMs()).toBe(0);
  });
});

describe('destroy', () => {
  it('ends streams and connection at once, and can be called again', async () => {
    const rig = await startRig();
    const failures: Promise<unknown>[] = [];
    await rig.device(async (request) => void failures.push(failureOf(await request.accept())));
    const proxy = await rig.proxy();
    const service = await rig.service({ port: proxy.port });
    await service.createStream(DEVICE);
    await service.createStream(DEVICE);
    service.destroy();
    service.destroy();
    await service.close();
    await until('both handlers know', () => failures.length === 2);
    for (const failure of failures) {
      const error = await failure;
      expect(error).toBeInstanceOf(StreamTerminatedError);
      expect(error).toMatchObject({ by: 'peer', closeCode: 4400, reason: 'the client was closed' });
    }
    await until('the connection is gone', () => proxy.connections.length === 0);
    await expect(service.createStream(DEVICE)).rejects.toMatchObject({ code: 'STREAMS_CLOSED' });
    expect(rig.clock.monotonicMs()).toBe(0);
  });

  it('cuts short a graceful close', async () => {
    const rig = await startRig();
    await rig.device();
    const service = await rig.service();
    const stream = await service.createStream(DEVICE);
    const closed = service.close();
    expect(await isPending(closed)).toBe(true);
    service.destroy();
    await closed;
    await expect(stream.outcome).resolves.toMatchObject({ by: 'local', clean: false });
    expect(rig.clock.monotonicMs()).toBe(0);
  });
});

describe.each(['close', 'destroy'] as const)('%s with a handshake under way', (verb) => {
  /** Ends the client; what createStream gave is a code by then. */
  async function endOf(rig: Rig, service: ServiceClient, created: Promise<unknown>): Promise<unknown> {
    const code = created.then(
      () => 'a stream',
      (error: StreamsError) => error.code,
    );
    if (verb === 'destroy') service.destroy();
    await rig.passUntil(service.close());
    expect(rig.clock.monotonicMs()).toBeLessThanOrEqual(5_100);
    return await rig.passUntil(code);
  }

  it('ends it where the device has not answered', async () => {
    const rig = await startRig();
    const requests: StreamRequest[] = [];
    await rig.device((request) => void requests.push(request));
    const service = await rig.service();
    const created = service.createStream(DEVICE, { timeoutMs: 60_000 });
    await until('the request', () => requests.length === 1);
    expect(await endOf(rig, service, created)).toBe('STREAMS_CLOSED');
    await until('the device is told', () => requests[0]?.signal.aborted === true);
    expect(rig.records).toMatchObject([{ operation: 'handshake', result: 'cancelled' }]);
  });

  it('ends it where the leg of the device has not come, and no stream comes later', async () => {
    const rig = await startRig();
    const device = await RawDevice.connect(rig);
    const service = await rig.service();
    const created = service.createStream(DEVICE, { timeoutMs: 60_000 });
    const request = await device.message();
    device.accept(request);
    // Time enough for the leg of the service, as a rule.
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await endOf(rig, service, created)).toBe('STREAMS_CLOSED');
    await rig.passUntil(
      until('the hub knows', () => rig.records.length === 1, 10_000),
      1_000,
    );
    const { status } = await device.leg(request);
    expect(await status).toBe(401);
  });
});

describe('close with a handshake that the hub has answered', () => {
  it('tells the hub that nobody will come', async () => {
    const hub = await FakeHub.start();
    hub.onCall = ({ method, answer }) => (method === 'POST' ? answer(200, hub.acceptance()) : answer(204));
    const service = hub.service();
    const created = service.createStream(DEVICE);
    const { socket } = await hub.upgrade();
    const gone = new Promise((resolve) => socket.once('close', resolve));
    await Promise.all([service.close(), expect(created).rejects.toMatchObject({ code: 'STREAMS_CLOSED' }), gone]);
    expect(hub.calls.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
    expect(hub.clock.monotonicMs()).toBe(0);
  });
});

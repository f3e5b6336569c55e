// A handshake that does not come about in time: whom it waited for, on both sides, and how long at most.
import { StreamsError, StreamTimeoutError } from '@streams/service';
import { describe, expect, it } from 'vitest';
import { FakeHub } from './support/fake-hub.ts';
import { RawDevice } from './support/raw-device.ts';
import { DEVICE, expectNoLeaks, isPending, startRig, until } from './support/rig.ts';

expectNoLeaks();

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error,
  );

describe('a handshake that runs out of time', () => {
  it.each([undefined, 1, 2_500, 60_000])('waited for the answer of the device (timeoutMs %s)', async (timeoutMs) => {
    const rig = await startRig();
    let asked = false;
    await rig.device(() => void (asked = true));
    const failure = caught((await rig.service()).createStream(DEVICE, { timeoutMs }));
    await until('the request', () => asked);
    const expected = timeoutMs ?? 30_000;
    await rig.clock.advance(expected - 1, { realMs: 1 });
    expect(await isPending(failure)).toBe(true);
    await rig.clock.advance(1, { realMs: 1 });
    const error = await failure;
    expect(error).toBeInstanceOf(StreamTimeoutError);
    expect(error).toMatchObject({ code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'answer', timeoutMs: expected, retryable: true });
    expect((error as StreamsError).message).toBe(`the device did not answer within ${expected} ms`);
    expect(rig.records).toMatchObject([{ result: 'timed-out', phase: 'answer', durationMs: expected }]);
  });

  it('waited for the leg of the device', async () => {
    const rig = await startRig();
    const device = await RawDevice.connect(rig);
    const failure = caught((await rig.service()).createStream(DEVICE, { timeoutMs: 4_000 }));
    const request = await device.message();
    await rig.clock.advance(1_000, { realMs: 1 });
    device.accept(request);
    expect(await isPending(failure)).toBe(true);
    await rig.clock.advance(2_999, { realMs: 1 });
    expect(await isPending(failure)).toBe(true);
    await rig.clock.advance(1, { realMs: 1 });
    const error = await failure;
    expect(error).toBeInstanceOf(StreamTimeoutError);
    expect(error).toMatchObject({ code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'device-leg', timeoutMs: 4_000 });
    expect(await device.message()).toMatchObject({ type: 'cancel', streamId: request.streamId, code: 'HANDSHAKE_TIMEOUT' });
    expect(rig.records).toMatchObject([{ result: 'timed-out', phase: 'device-leg', durationMs: 4_000 }]);
  });

  it('waited for the leg of the service, which never got its token', async () => {
    const rig = await startRig();
    const proxy = await rig.proxy();
    const failures: unknown[] = [];
    await rig.device(async (request) => {
      await request.accept().catch((error: unknown) => failures.push(error));
    });
    const service = await rig.service({ port: proxy.port });
    // Warms the connection up, so that what freezes is the answer alone.
    await caught(service.createStream('nobody'));
    proxy.connections[0]?.inject({ down: { frozen: true } });
    const failure = caught(service.createStream(DEVICE, { timeoutMs: 3_000 }));
    await until('the handshake', () => rig.clock.pendingTimers > 6);
    await rig.passUntil(until('the device is told', () => failures.length === 1));
    expect(failures[0]).toMatchObject({ code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'service-leg' });
    expect(rig.records.at(-1)).toMatchObject({ result: 'timed-out', phase: 'service-leg' });
    proxy.connections[0]?.inject({ down: { frozen: false } });
    // The token in the answer is held no longer.
    const error = await rig.passUntil(failure);
    expect(StreamsError.is(error)).toBe(true);
    expect((error as StreamsError).code).toMatch(/^STREAMS_(STREAM_GONE|CONNECT_FAILED)$/);
  });
});

describe('a hub that does not answer', () => {
  it('is given five seconds more than the handshake has', async () => {
    const hub = await FakeHub.start();
    const failure = caught(hub.service().createStream(DEVICE, { timeoutMs: 2_000 }));
    const { response } = await hub.call();
    const closed = new Promise((resolve) => response.once('close', resolve));
    await hub.clock.advance(6_999, { realMs: 1 });
    expect(await isPending(failure)).toBe(true);
    await hub.clock.advance(1, { realMs: 1 });
    expect(await failure).toMatchObject({ code: 'STREAMS_CONNECT_FAILED', retryable: true });
    await closed;
  });

  it('is given five seconds more than the token lives', async () => {
    const hub = await FakeHub.start();
    const failure = caught(hub.service().createStream(DEVICE));
    (await hub.call()).answer(200, { ...hub.acceptance(), expiresInMs: 1_500 });
    const { socket } = await hub.upgrade();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await hub.clock.advance(6_499, { realMs: 1 });
    expect(await isPending(failure)).toBe(true);
    await hub.clock.advance(1, { realMs: 1 });
    expect(StreamsError.is(await failure)).toBe(true);
    await closed;
    // The hub is told that nobody will come.
    expect(await hub.call(2)).toMatchObject({ method: 'DELETE' });
    (await hub.call(2)).answer(204);
  });

  it('is not waited for when it stops in the middle of its answer', async () => {
    const hub = await FakeHub.start();
    const failure = caught(hub.service().createStream(DEVICE, { timeoutMs: 2_000 }));
    const { response } = await hub.call();
    response.writeHead(200, { 'Content-Length': '1000' });
    response.write('{"streamId":');
    expect(await isPending(failure)).toBe(true);
    await hub.clock.advance(7_000, { realMs: 1 });
    expect(await failure).toMatchObject({ code: 'STREAMS_CONNECT_FAILED' });
  });
});

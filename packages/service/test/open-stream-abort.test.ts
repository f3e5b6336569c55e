// The signal of createStream: ends the handshake everywhere, whatever it waits for, and has no power over the stream.
import type { StreamRequest } from '@streams/device';
import { describe, expect, it } from 'vitest';
import { FakeHub, STREAM_ID } from './support/fake-hub.ts';
import { RawDevice } from './support/raw-device.ts';
import { DEVICE, echo, expectNoLeaks, roundTrip, startRig, until } from './support/rig.ts';

expectNoLeaks();

const REASON = new Error('the user has changed her mind');
const aborted = { code: 'STREAMS_ABORTED', retryable: false, cause: REASON };

describe('the signal of createStream', () => {
  it('lets nothing out where it has fired beforehand', async () => {
    const hub = await FakeHub.start();
    await expect(hub.service().createStream(DEVICE, { signal: AbortSignal.abort(REASON) })).rejects.toMatchObject(aborted);
    expect(hub.connections).toBe(0);
  });

  it('ends the connection to a hub that has not answered', async () => {
    const hub = await FakeHub.start();
    const abort = new AbortController();
    const created = hub.service().createStream(DEVICE, { signal: abort.signal });
    const { response } = await hub.call();
    const closed = new Promise((resolve) => response.once('close', resolve));
    abort.abort(REASON);
    await expect(created).rejects.toMatchObject(aborted);
    await closed;
    expect(hub.calls).toHaveLength(1);
    // undici makes a new connection at once, on which nothing is said.
    await until('nothing is left', () => hub.clock.pendingTimers === 0);
  });

  it('before the answer: the hub cancels, the device is told, and nothing is left', async () => {
    const rig = await startRig();
    const requests: StreamRequest[] = [];
    await rig.device((request) => void requests.push(request));
    const service = await rig.service();
    const timers = rig.clock.pendingTimers;
    const abort = new AbortController();
    const created = service.createStream(DEVICE, { signal: abort.signal });
    await until('the request', () => requests.length === 1);
    abort.abort(REASON);
    await expect(created).rejects.toMatchObject(aborted);
    await until('the device is told', () => requests[0]?.signal.aborted === true);
    expect(requests[0]?.signal.reason).toMatchObject({ code: 'STREAMS_STREAM_GONE' });
    expect(rig.records).toMatchObject([{ operation: 'handshake', result: 'cancelled', code: 'ABORTED', streamId: requests[0]?.id }]);
    await until('nothing is left', () => rig.clock.pendingTimers === timers);
    // The connection is gone, the client is not.
    const next = service.createStream(DEVICE);
    await until('the next request', () => requests.length === 2);
    requests[1]?.reject('next');
    await expect(next).rejects.toMatchObject({ reason: 'next' });
  });

  it('between the answer and the stream: the hub is told, the device too, and nothing is left', async () => {
    const rig = await startRig();
    const device = await RawDevice.connect(rig);
    const service = await rig.service();
    const timers = rig.clock.pendingTimers;
    const abort = new AbortController();
    const created = service.createStream(DEVICE, { signal: abort.signal });
    const request = await device.message();
    device.accept(request);
    await new Promise((resolve) => setTimeout(resolve, 30));
    abort.abort(REASON);
    await expect(created).rejects.toMatchObject(aborted);
    expect(await device.message()).toMatchObject({ type: 'cancel', streamId: request.streamId, code: 'STREAM_GONE' });
    const { status } = await device.leg(request);
    expect(await status).toBe(401);
    await until('nothing is left', () => rig.clock.pendingTimers === timers);
    expect(rig.records).toHaveLength(1);
    expect(rig.records[0]?.result).toMatch(/^(cancelled|failed)$/);
  });

  it('between the answer and the stream: DELETE goes out, signed, and nobody waits for it', async () => {
    const hub = await FakeHub.start();
    const abort = new AbortController();
    const created = hub.service().createStream(DEVICE, { signal: abort.signal });
    (await hub.call()).answer(200, hub.acceptance());
    const { socket } = await hub.upgrade();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    abort.abort(REASON);
    await expect(created).rejects.toMatchObject(aborted);
    await closed;
    const { method, path, headers, answer } = await hub.call(2);
    expect([method, path]).toEqual(['DELETE', `/v1/streams/${STREAM_ID}`]);
    expect(headers.authorization).toMatch(/^SharedAccessSignature sr=127\.0\.0\.1&sig=.+&skn=backend$/);
    answer(410, { code: 'STREAM_GONE', message: 'gone', retryable: false, trackingId: '' });
    await until('the call is over', () => hub.clock.pendingTimers === 0);
  });

  it('while the hub is asked where it streams: DELETE goes out, and no leg is dialled', async () => {
    const hub = await FakeHub.start();
    const abort = new AbortController();
    const created = hub.service().createStream(DEVICE, { signal: abort.signal });
    (await hub.call()).answer(200, hub.acceptance('wss://elsewhere.example/leg'));
    expect(await hub.call(2)).toMatchObject({ method: 'GET', path: '/v1/hub' });
    abort.abort(REASON);
    await expect(created).rejects.toMatchObject(aborted);
    expect(await hub.call(3)).toMatchObject({ method: 'DELETE', path: `/v1/streams/${STREAM_ID}` });
    (await hub.call(3)).answer(204);
    expect(hub.upgrades).toHaveLength(0);
  });

  it('is without effect once the stream is established', async () => {
    const rig = await startRig();
    await rig.device(async (request) => void echo(await request.accept()));
    const abort = new AbortController();
    const stream = await (await rig.service()).createStream(DEVICE, { signal: abort.signal });
    abort.abort(REASON);
    await rig.clock.advance(5_000, { stepMs: 1_000, realMs: 1 });
    expect(stream.destroyed).toBe(false);
    expect(await roundTrip(stream, 'as if nothing had happened')).toBe('as if nothing had happened');
    await expect(stream.outcome).resolves.toMatchObject({ clean: true });
  });

  it('leaves other handshakes alone', async () => {
    const rig = await startRig();
    const requests: StreamRequest[] = [];
    await rig.device((request) => void requests.push(request));
    const service = await rig.service();
    const abort = new AbortController();
    const first = service.createStream(DEVICE, { name: 'first', signal: abort.signal });
    const second = service.createStream(DEVICE, { name: 'second', signal: new AbortController().signal });
    await until('both requests', () => requests.length === 2);
    abort.abort(REASON);
    await expect(first).rejects.toMatchObject(aborted);
    const request = requests.find(({ name }) => name === 'second');
    echo((await request?.accept()) ?? expect.unreachable());
    expect(await roundTrip(await second, 'second')).toBe('second');
  });
});

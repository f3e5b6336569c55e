// StreamRequest: what it says, that it is answered exactly once, and when it is over.
import { type DeviceClient, type DeviceStream, StreamRequest, StreamTimeoutError } from '@streams/device';
import type { ServiceClient } from '@streams/service';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeHub } from './support/fake-hub.ts';
import { DEVICE, echo, expectNoLeaks, isPending, type Rig, roundTrip, startRig, until } from './support/rig.ts';

expectNoLeaks();

interface Scene {
  readonly rig: Rig;
  readonly device: DeviceClient;
  readonly service: ServiceClient;
  /** The next request, while the handler has long returned. */
  readonly next: () => Promise<StreamRequest>;
}

async function scene(): Promise<Scene> {
  const rig = await startRig();
  const device = await rig.device();
  const requests: StreamRequest[] = [];
  device.onStreamRequest((request) => void requests.push(request));
  await device.connect();
  const next = async (): Promise<StreamRequest> => {
    await until('a request', () => requests.length > 0);
    return requests.shift() as StreamRequest;
  };
  return { rig, device, service: await rig.service(), next };
}

describe('what a request says', () => {
  it('has the defaults where the service has given nothing', async () => {
    const { rig, service, next } = await scene();
    const opened = service.createStream(DEVICE);
    const request = await next();
    expect(request).toBeInstanceOf(StreamRequest);
    expect(request).toMatchObject({ name: 'default', headers: {}, requester: { policy: 'test' }, timeoutMs: 30_000, isAnswered: false });
    expect(request.id).toMatch(/^[\w-]{22}$/);
    expect(request.signal.aborted).toBe(false);
    request.reject();
    await expect(opened).rejects.toMatchObject({ code: 'STREAMS_STREAM_REJECTED', reason: '' });
    expect(rig.hub.records).toMatchObject([{ streamId: request.id, streamName: 'default', deviceId: DEVICE, result: 'rejected' }]);
  });

  it('has what the service has given', async () => {
    const { service, next } = await scene();
    const headers = { user: 'jo', 'x-1': 'Zürich — 東京', ['h'.repeat(64)]: '' };
    const opened = service.createStream(DEVICE, { name: "a!b(c)'d", headers, timeoutMs: 12_345 });
    const request = await next();
    expect(request).toMatchObject({ name: "a!b(c)'d", headers, timeoutMs: 12_345 });
    const [stream, other] = await Promise.all([request.accept(), opened]);
    for (const end of [stream, other]) expect(end).toMatchObject({ id: request.id, name: "a!b(c)'d", deviceId: DEVICE });
    other.destroy();
    stream.destroy();
  });
});

describe('the answer', () => {
  it.each([
    ['accept', 'accept'],
    ['accept', 'reject'],
    ['reject', 'accept'],
    ['reject', 'reject'],
  ] as const)('counts once: %s, then %s', async (first, second) => {
    const { service, next } = await scene();
    const opened = service.createStream(DEVICE);
    const settled = opened.then(
      () => 'a stream',
      (error: unknown) => (error as { reason: string }).reason,
    );
    const request = await next();
    const answered = first === 'accept' ? request.accept() : request.reject('first');
    expect(request.isAnswered).toBe(true);
    const again = async (): Promise<unknown> => (second === 'accept' ? request.accept() : request.reject('second'));
    for (const attempt of [again, again])
      await expect(attempt()).rejects.toMatchObject({ code: 'STREAMS_INVALID_STATE', retryable: false });
    const stream = await answered;
    expect(await settled).toBe(first === 'accept' ? 'a stream' : 'first');
    stream?.destroy();
    if (first === 'accept') (await opened).destroy();
  });

  it('throws, and does not reject, where a second answer is reject()', async () => {
    const { service, next } = await scene();
    const opened = service.createStream(DEVICE);
    const request = await next();
    request.reject('no');
    expect(() => request.reject('no')).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_STATE' }) as Error);
    await expect(opened).rejects.toMatchObject({ reason: 'no' });
  });

  it('may come after the handler has returned', async () => {
    const { rig, service, next } = await scene();
    const opened = service.createStream(DEVICE);
    const request = await next();
    await rig.clock.advance(20_000, { stepMs: 1_000, realMs: 1 });
    expect(await isPending(opened)).toBe(true);
    echo(await request.accept());
    expect(await roundTrip(await opened, 'at last')).toBe('at last');
    const refused = service.createStream(DEVICE);
    const other = await next();
    await rig.clock.advance(20_000, { stepMs: 1_000, realMs: 1 });
    other.reject('after some thought');
    await expect(refused).rejects.toMatchObject({ reason: 'after some thought' });
  });

  it('carries a reason of 512 bytes at most, cut between two characters', async () => {
    const { service, next } = await scene();
    const reasonOf = async (reason: string): Promise<string> => {
      const refused = service.createStream(DEVICE).then(
        () => expect.unreachable(),
        (error: unknown) => (error as { reason: string }).reason,
      );
      (await next()).reject(reason);
      return refused;
    };
    const texts = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', '\0', '"', '\n'), minLength: 100, maxLength: 600 });
    const isCut = fc.asyncProperty(texts, async (text) => {
      expect(await reasonOf(text)).toBe(cut(text));
    });
    await fc.assert(isCut, { numRuns: 20, examples: [['a'.repeat(512)], ['€'.repeat(200)], [`abc${'😀'.repeat(200)}`]] });
    expect(await reasonOf(`lone \ud800 surrogate`)).toBe('lone \ufffd surrogate');
  });
});

/** As many whole characters as fit. */
function cut(text: string): string {
  let fitting = '';
  for (const character of text) {
    if (Buffer.byteLength(fitting + character) > 512) break;
    fitting += character;
  }
  return fitting;
}

describe('the end of a request that is not answered', () => {
  it('comes when the service gives up', async () => {
    const { service, next } = await scene();
    const abort = new AbortController();
    const opened = service.createStream(DEVICE, { signal: abort.signal });
    const request = await next();
    abort.abort();
    await expect(opened).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });
    await until('the signal', () => request.signal.aborted);
    expect(request.signal.reason).toMatchObject({ code: 'STREAMS_STREAM_GONE', retryable: false });
    await expect(request.accept()).rejects.toBe(request.signal.reason);
    expect(request.isAnswered).toBe(true);
  });

  it('comes when its time is over, and says whom all waited for', async () => {
    const { rig, service, next } = await scene();
    const refused = expect(service.createStream(DEVICE, { timeoutMs: 1_500 })).rejects.toMatchObject({
      code: 'STREAMS_HANDSHAKE_TIMEOUT',
      phase: 'answer',
      timeoutMs: 1_500,
    });
    const request = await next();
    await rig.clock.advance(1_499, { realMs: 1 });
    expect(request.signal.aborted).toBe(false);
    await rig.clock.advance(1, { realMs: 1 });
    await until('the signal', () => request.signal.aborted);
    await refused;
    const error: unknown = await request.accept().catch((reason: unknown) => reason);
    expect(error).toBe(request.signal.reason);
    expect(error).toBeInstanceOf(StreamTimeoutError);
    expect(error).toMatchObject({ code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'answer', timeoutMs: 1_500 });
  });

  it('comes five seconds later where the word of the hub is lost', async () => {
    const hub = await FakeHub.start();
    const requests: StreamRequest[] = [];
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome(), hub.request(`wss://127.0.0.1:${hub.port}/`));
    const device = hub.device();
    device.onStreamRequest((request) => void requests.push(request));
    await device.connect();
    await until('the request', () => requests.length === 1);
    await hub.clock.advance(34_999);
    expect(requests[0]?.signal.aborted).toBe(false);
    await hub.clock.advance(1);
    expect(requests[0]?.signal.reason).toMatchObject({ code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'answer', timeoutMs: 30_000 });
  });

  it('lets no acceptance out any more', async () => {
    const hub = await FakeHub.start();
    const requests: StreamRequest[] = [];
    const device = hub.device();
    device.onStreamRequest((request) => void requests.push(request));
    const connected = device.connect();
    const link = (await hub.upgrade()).grant(hub.welcome());
    await connected;
    link.send(hub.request(`wss://127.0.0.1:${hub.port}/`), { type: 'cancel', streamId: 'A'.repeat(22), code: 'OF_A_NEWER_HUB' });
    await until('the end', () => requests[0]?.signal.aborted === true);
    await expect(requests[0]?.accept()).rejects.toMatchObject({ code: 'STREAMS_STREAM_GONE' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(link.messages).toEqual([]);
    expect(hub.connections).toBe(1);
  });

  it('leaves reject() without effect and without an error', async () => {
    const { rig, service, next } = await scene();
    const abort = new AbortController();
    const opened = service.createStream(DEVICE, { signal: abort.signal });
    const request = await next();
    abort.abort();
    await expect(opened).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });
    await until('the signal', () => request.signal.aborted);
    request.reject('never mind');
    const following = service.createStream(DEVICE);
    (await next()).reject('the next one');
    await expect(following).rejects.toMatchObject({ reason: 'the next one' });
    expect(rig.hub.records).toMatchObject([{ result: 'cancelled' }, { result: 'rejected', reason: 'the next one' }]);
  });
});

describe('the signal of a request that became a stream', () => {
  it('stays silent, whatever happens to the stream', async () => {
    const { rig, service, next } = await scene();
    const opened = service.createStream(DEVICE);
    const request = await next();
    const stream: DeviceStream = echo(await request.accept());
    expect(await roundTrip(await opened, 'done')).toBe('done');
    await stream.outcome;
    await rig.clock.advance(60_000);
    expect(request.signal.aborted).toBe(false);
  });
});

// requests(): stream requests as an async iterator, with the promises of the callback: one answer each, no request left behind.
import { ReplacedError, type DeviceClient, type StreamRequest } from '@streams/device';
import { describe, expect, it } from 'vitest';
import { FakeHub } from './support/fake-hub.ts';
import { askForStream } from './support/raw-service.ts';
import { DEVICE, echo, expectNoLeaks, isPending, MUTE, type Rig, roundTrip, startRig, until } from './support/rig.ts';

expectNoLeaks();

const invalidState = expect.objectContaining({ code: 'STREAMS_INVALID_STATE' }) as Error;
const noHandler = { code: 'NO_HANDLER' };

interface Looping {
  readonly device: DeviceClient;
  readonly requests: AsyncIterableIterator<StreamRequest>;
  /** Resolves once so many requests have come to the device. */
  readonly came: (count: number) => Promise<void>;
}

/** A connected device that takes its requests from a loop. */
async function looping(rig: Rig): Promise<Looping> {
  let seen = 0;
  const debug = (_fields: object, message: string): void => {
    if (message === 'a stream request has come') seen += 1;
  };
  const device = await rig.device({ logger: { ...MUTE, debug } });
  const requests = device.requests();
  await device.connect();
  return { device, requests, came: (count) => until(`request ${count}`, () => seen >= count) };
}

/** The next request of a loop. */
async function next(requests: AsyncIterator<StreamRequest, undefined>): Promise<StreamRequest> {
  return (await requests.next()).value as StreamRequest;
}

describe('requests', () => {
  it('gives the requests one by one, and ends naturally with the client', async () => {
    const rig = await startRig();
    const { device, requests } = await looping(rig);
    const served: string[] = [];
    const loop = (async () => {
      for await (const request of requests) {
        served.push(request.name);
        if (request.name === 'no') request.reject('not here');
        else echo(await request.accept());
      }
      return 'ended';
    })();
    const service = await rig.service();
    const asked = ['a', 'no', 'b', 'c'].map((name) => service.createStream(DEVICE, { name }).then((stream) => roundTrip(stream, name)));
    const answers = await Promise.allSettled(asked);
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : (answer.reason as Error).message))).toEqual([
      'a',
      'the device rejected the stream: not here',
      'b',
      'c',
    ]);
    expect(served.toSorted()).toEqual(['a', 'b', 'c', 'no']);
    await device.close();
    expect(await loop).toBe('ended');
  });

  it('keeps what comes before the loop begins', async () => {
    const rig = await startRig();
    const { requests, came } = await looping(rig);
    const asked = (await rig.service()).createStream(DEVICE, { name: 'early' });
    await came(1);
    const request = await next(requests);
    expect(request.name).toBe('early');
    echo(await request.accept());
    expect(await roundTrip(await asked, 'x')).toBe('x');
  });

  it('is the only one who takes requests, like the callback', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const unregister = device.onStreamRequest(() => undefined);
    expect(() => device.requests()).toThrow(invalidState);
    unregister();
    const requests = device.requests();
    expect(() => device.requests()).toThrow(invalidState);
    expect(() => device.onStreamRequest(() => undefined)).toThrow(invalidState);
    expect(await requests.return?.()).toEqual({ done: true, value: undefined });
    device.onStreamRequest(() => undefined);
  });

  it('can be shared by several loops', async () => {
    const rig = await startRig();
    const { device, requests } = await looping(rig);
    const counts = [0, 0];
    const loops = counts.map(async (_count, index) => {
      for await (const request of requests) {
        counts[index] = (counts[index] ?? 0) + 1;
        echo(await request.accept());
      }
    });
    const service = await rig.service();
    await Promise.all(['1', '2'].map(async (text) => roundTrip(await service.createStream(DEVICE), text)));
    expect(counts).toEqual([1, 1]);
    await device.close();
    await Promise.all(loops);
  });
});

describe('leaving the loop', () => {
  it('rejects what waits in it, and what comes later; a request in hand can still be answered', async () => {
    const rig = await startRig();
    const { device, requests, came } = await looping(rig);
    const asked = [askForStream(rig), askForStream(rig)];
    let inHand: StreamRequest | undefined;
    for await (const request of requests) {
      await came(2);
      inHand = request;
      break;
    }
    expect(await Promise.race(asked)).toMatchObject({ status: 403, body: noHandler });
    expect(await askForStream(rig)).toMatchObject({ status: 403, body: noHandler });
    inHand?.reject('later');
    expect(await Promise.all(asked)).toContainEqual(
      expect.objectContaining({ body: expect.objectContaining({ code: 'STREAM_REJECTED' }) as object }),
    );
    device.onStreamRequest((request) => request.reject('the callback'));
    expect(await askForStream(rig)).toMatchObject({ body: { code: 'STREAM_REJECTED' } });
  });

  it('happens by its signal, with STREAMS_ABORTED', async () => {
    const rig = await startRig();
    const device = await rig.device();
    const abort = new AbortController();
    const requests = device.requests({ signal: abort.signal });
    await device.connect();
    const reason = new Error('enough');
    const waiting = requests.next();
    abort.abort(reason);
    await expect(waiting).rejects.toMatchObject({ code: 'STREAMS_ABORTED', cause: reason });
    expect(await requests.next()).toEqual({ done: true, value: undefined });
    expect(await askForStream(rig)).toMatchObject({ body: noHandler });
    expect(() => device.requests({ signal: abort.signal })).toThrow(expect.objectContaining({ code: 'STREAMS_ABORTED' }) as Error);
    expect(await device.requests().return?.()).toMatchObject({ done: true });
  });
});

describe('a request that waits in the loop', () => {
  it('leaves it when its handshake has ended', async () => {
    const rig = await startRig();
    const { requests, came } = await looping(rig);
    const late = askForStream(rig, { timeoutMs: 1_000 });
    const patient = askForStream(rig, { timeoutMs: 60_000, name: 'patient' });
    await came(2);
    await rig.clock.advance(1_000, { realMs: 1 });
    expect(await late).toMatchObject({ status: 504, body: { code: 'HANDSHAKE_TIMEOUT' } });
    expect(await isPending(patient)).toBe(true);
    const request = await next(requests);
    expect([request.name, request.signal.aborted]).toEqual(['patient', false]);
    request.reject();
    await patient;
    expect(await isPending(requests.next())).toBe(true);
  });

  it('is not delivered by a client that has closed', async () => {
    const rig = await startRig();
    const { device, requests, came } = await looping(rig);
    const asked = askForStream(rig);
    await came(1);
    await device.close();
    expect(await requests.next()).toEqual({ done: true, value: undefined });
    await rig.passUntil(asked);
  });
});

describe('the end of the client', () => {
  it('is thrown where another instance has replaced it, once', async () => {
    const rig = await startRig();
    const { device, requests } = await looping(rig);
    const waiting = [requests.next(), requests.next()] as const;
    const [first, second] = [
      expect(waiting[0]).rejects.toBeInstanceOf(ReplacedError),
      expect(waiting[1]).resolves.toMatchObject({ done: true }),
    ];
    const other = await rig.device();
    await other.connect();
    await Promise.all([first, second]);
    expect(await requests.next()).toEqual({ done: true, value: undefined });
    await device.closed;
    await expect(device.requests().next()).rejects.toBeInstanceOf(ReplacedError);
  });

  it('ends at once a loop that begins after close()', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    await device.close();
    for await (const request of device.requests()) expect.unreachable(request.name);
  });
});

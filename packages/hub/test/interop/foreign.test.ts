// Clients that were written from docs/protocol.md alone: every outcome of the handshake, with ours on the other side.
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { DeviceClient, ReplacedError, type StreamRequest, type StreamRequestHandler, StreamTimeoutError } from '@streams/device';
import { StreamRejectedError } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ForeignDevice, type ForeignHandler, type ForeignRequest } from '../foreign/device.ts';
import { failure, once, Parties, withForeign, withOurs } from '../foreign/parties.ts';
import { ForeignService } from '../foreign/service.ts';

const leaks = leakCheck();
let parties: Parties;
let ours: Parties['ours'];
let foreign: Parties['foreign'];
let hub: Parties['hub'];

beforeAll(async () => {
  parties = await Parties.start();
  ({ ours, foreign, hub } = parties);
});

afterAll(async () => {
  await parties.close();
  await leaks.settled();
});

describe('a foreign service', () => {
  it('and a foreign device', async () => {
    const echo: ForeignHandler = (request, device) => void device.accept(request).then((stream) => stream.pipe(stream));
    await withForeign(hub, echo, async (id) => {
      const stream = await foreign.open(id);
      stream.end('hello');
      expect(await text(stream)).toBe('hello');
      expect(await stream.outcome).toEqual({ by: 'local', reason: '', clean: true });
    });
  });

  it('is told the reason of a rejection', async () => {
    const reject: StreamRequestHandler = (request) => request.reject(`no ${request.name} for ${request.requester.policy}`);
    const error = await withOurs(hub, reject, (id) => failure(foreign.open(id, { name: 'ssh' })));
    expect(error).toMatchObject({ status: 403, code: 'STREAM_REJECTED', details: { reason: 'no ssh for test' } });
  });

  it('is told that nobody handles requests, or that the handler failed', async () => {
    const none = await withOurs(hub, undefined, (id) => failure(foreign.open(id)));
    expect(none).toMatchObject({ status: 403, code: 'NO_HANDLER' });
    const fail: StreamRequestHandler = () => {
      throw new RangeError('a secret of the device');
    };
    const failed = await withOurs(hub, fail, (id) => failure(foreign.open(id)));
    expect(failed).toMatchObject({ status: 403, code: 'HANDLER_FAILED' });
    expect(inspect(failed)).not.toContain('secret');
  });

  it('is told that the device is unknown, or not connected', async () => {
    expect(await failure(foreign.open('nobody'))).toMatchObject({ status: 404, code: 'DEVICE_NOT_FOUND' });
    await hub.deviceConnectionString('offline');
    expect(await failure(foreign.open('offline'))).toMatchObject({ status: 404, code: 'DEVICE_NOT_CONNECTED' });
  });

  it('is told that there is no common protocol', async () => {
    const error = await withOurs(
      hub,
      () => undefined,
      (id) => failure(foreign.open(id, { protocols: ['other.v1'] })),
    );
    expect(error).toMatchObject({ status: 409, code: 'PROTOCOL_MISMATCH' });
  });

  it('is told that the device did not answer', async () => {
    const error = await withOurs(
      hub,
      () => undefined,
      (id) => failure(foreign.open(id, { timeoutMs: 200 })),
    );
    expect(error).toMatchObject({ status: 504, code: 'HANDSHAKE_TIMEOUT', details: { phase: 'answer', timeoutMs: 200 } });
  });

  it('is told that the device leg did not come', async () => {
    const error = await withForeign(
      hub,
      (request, device) => device.acceptOnly(request),
      (id) => failure(foreign.open(id, { timeoutMs: 200 })),
    );
    expect(error).toMatchObject({ status: 504, code: 'HANDSHAKE_TIMEOUT', details: { phase: 'device-leg' } });
  });

  it('that does not come makes our device wait in vain', async () => {
    const { handler, done } = once((request: StreamRequest) => failure(request.accept()));
    const error = await withOurs(hub, handler, async (id) => {
      await foreign.ask(id, { timeoutMs: 200 });
      return await done;
    });
    expect(error).toBeInstanceOf(StreamTimeoutError);
    expect(error).toMatchObject({ phase: 'service-leg', timeoutMs: 200 });
  });

  it('ends a handshake by DELETE, and a stream', async () => {
    const waiting = once((request: StreamRequest) => failure(request.accept()));
    await withOurs(hub, waiting.handler, async (id) => {
      const answer = await foreign.ask(id);
      await foreign.end(answer.streamId);
      expect(await waiting.done).toMatchObject({ code: 'STREAMS_STREAM_GONE' });
      expect(await failure(foreign.join(answer))).toMatchObject({ status: 401 });
      expect(await failure(foreign.end(answer.streamId))).toMatchObject({ status: 410, code: 'STREAM_GONE' });
    });
    const streaming = once((request: StreamRequest) => request.accept());
    await withOurs(hub, streaming.handler, async (id) => {
      const answer = await foreign.ask(id);
      const { ws } = await foreign.join(answer);
      ws.resume();
      await foreign.end(answer.streamId);
      expect(await (await streaming.done).outcome).toEqual({ by: 'peer', reason: 'ended by the service', clean: false });
    });
  });

  it('with a wrong key, or a device its key, is refused', async () => {
    const wrong = (text: string): string => text.replace(/SharedAccessKey=[^;]+/, `SharedAccessKey=${Buffer.alloc(32).toString('base64')}`);
    const service = new ForeignService(wrong(await hub.serviceConnectionString()));
    expect(await failure(service.open('nobody'))).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    const device = ForeignDevice.connect(wrong(await hub.deviceConnectionString('device-0')), () => undefined);
    expect(await failure(device)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
  });

  it('with a wrong token is refused, with a wrong subprotocol too; neither spends the token', async () => {
    const { handler, done } = once((request: StreamRequest) => request.accept());
    await withOurs(hub, handler, async (id) => {
      const answer = await foreign.ask(id);
      const other = { ...answer, token: 'A'.repeat(43) };
      expect(await failure(foreign.join(other))).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
      const role = { ...answer, url: answer.url.replace(/service$/, 'device') };
      expect(await failure(foreign.join(role))).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
      expect(await failure(foreign.join({ ...answer, protocol: 'other.v1' }))).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
      const { ws } = await foreign.join(answer);
      (await done).destroy();
      expect(await failure(foreign.join(answer))).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
      ws.terminate();
    });
  });
});

it.each([
  [['streams.v1', 'raw'], 'streams.v1'],
  [['raw', 'streams.v1'], 'streams.v1'],
  [['other.v1', 'raw'], 'raw'],
])('of %j our device takes %s', async (protocols, protocol) => {
  const { handler, done } = once((request: StreamRequest) => request.accept());
  await withOurs(hub, handler, async (id) => {
    const answer = await foreign.ask(id, { protocols });
    expect(answer.protocol).toBe(protocol);
    const { ws } = await foreign.join(answer);
    const stream = await done;
    expect(stream.webSocket.protocol).toBe(protocol);
    ws.terminate();
    stream.destroy();
  });
});

describe('a foreign device', () => {
  it('rejects, with its reason', async () => {
    const error = await withForeign(
      hub,
      (request, device) => device.reject(request, 'not now'),
      (id) => failure(ours.createStream(id)),
    );
    expect(error).toBeInstanceOf(StreamRejectedError);
    expect(error).toMatchObject({ code: 'STREAMS_STREAM_REJECTED', reason: 'not now' });
  });

  it.each(['NO_HANDLER', 'HANDLER_FAILED', 'PROTOCOL_MISMATCH'])('declines with %s', async (code) => {
    const error = await withForeign(
      hub,
      (request, device) => device.reject(request, '', code),
      (id) => failure(ours.createStream(id)),
    );
    expect(error).toMatchObject({ code: `STREAMS_${code}` });
  });

  it('gets the name, the headers, and the time of a request', async () => {
    const { handler, done } = once((request: ForeignRequest, device) => {
      device.reject(request, '');
      return request;
    });
    const options = { name: 'ssh', headers: { user: 'root' }, timeoutMs: 5_000 };
    await withForeign(hub, handler, (id) => failure(ours.createStream(id, options)));
    expect(await done).toMatchObject({ ...options, protocols: ['streams.session.v1', 'streams.v1', 'raw'], requester: { policy: 'test' } });
  });

  it('that accepts what was not offered makes a bad answer', async () => {
    const { handler, done } = once((request: ForeignRequest, device) => {
      device.acceptOnly(request, 'other.v1');
      return request.streamId;
    });
    await withForeign(hub, handler, async (id, device) => {
      expect(await failure(ours.createStream(id))).toMatchObject({ code: 'STREAMS_BAD_DEVICE_ANSWER' });
      await expect.poll(async () => device.cancelled.get(await done)).toBe('BAD_DEVICE_ANSWER');
    });
  });

  it('that says nothing, or accepts and does not come, is cancelled', async () => {
    const silent: string[] = [];
    await withForeign(
      hub,
      ({ streamId }) => silent.push(streamId),
      async (id, device) => {
        expect(await failure(ours.createStream(id, { timeoutMs: 200 }))).toMatchObject({ phase: 'answer', timeoutMs: 200 });
        await expect.poll(() => device.cancelled.get(silent[0] ?? '')).toBe('HANDSHAKE_TIMEOUT');
        const controller = new AbortController();
        const opening = failure(ours.createStream(id, { signal: controller.signal }));
        await expect.poll(() => silent.length).toBe(2);
        controller.abort();
        expect(await opening).toMatchObject({ code: 'STREAMS_ABORTED' });
        await expect.poll(() => device.cancelled.get(silent[1] ?? '')).toBe('STREAM_GONE');
      },
    );
    const error = await withForeign(
      hub,
      (request, device) => device.acceptOnly(request),
      (id) => failure(ours.createStream(id, { timeoutMs: 200 })),
    );
    expect(error).toMatchObject({ phase: 'device-leg', timeoutMs: 200 });
  });

  it('whose held leg is given up is told', async () => {
    const { handler, done } = once((request: ForeignRequest, device) => failure(device.accept(request)));
    await withForeign(hub, handler, async (id) => {
      const answer = await foreign.ask(id);
      await sleep(200);
      await foreign.end(answer.streamId);
      expect(await done).toMatchObject({ status: 410, code: 'STREAM_GONE' });
    });
  });

  it('needs the subprotocol of the control link, and its own instance id', async () => {
    const connectionString = await hub.deviceConnectionString('fresh');
    const connect = (options: object): Promise<ForeignDevice> => ForeignDevice.connect(connectionString, () => undefined, options);
    expect(await failure(connect({ protocol: 'other.v1' }))).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
    expect(await failure(connect({ instanceId: 'short' }))).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
  });

  it('is replaced by another instance, not by itself', async () => {
    const connectionString = await hub.deviceConnectionString('fresh');
    const instanceId = 'A'.repeat(22);
    const connect = (): Promise<ForeignDevice> => ForeignDevice.connect(connectionString, () => undefined, { instanceId });
    const [first, second] = [await connect(), await connect()];
    await first.close();
    expect(await first.closed).toMatchObject({ code: 1000 });
    const device = DeviceClient.fromConnectionString(connectionString);
    await device.connect();
    expect(await second.closed).toEqual({ code: 4409, reason: 'REPLACED;retry=0' });
    const third = await connect();
    expect(await device.closed).toBeInstanceOf(ReplacedError);
    await third.close();
  });

  it('that is disabled loses its link and its streams', async () => {
    const { handler, done } = once((request: ForeignRequest, device) => device.accept(request));
    await withForeign(hub, handler, async (id, device) => {
      const stream = await ours.createStream(id);
      const other = await done;
      stream.resume();
      other.resume();
      await hub.hub.putDevice(id, { enabled: false });
      expect(await device.closed).toEqual({ code: 1008, reason: 'REVOKED;retry=0' });
      const revoked = { by: 'hub', reason: '', clean: false };
      expect([await stream.outcome, await other.outcome]).toEqual([revoked, revoked]);
    });
  });

  it('may speak a protocol of its own with a foreign service', async () => {
    const protocol = 'own.v1';
    const { handler, done } = once((request: ForeignRequest, device) => device.join(request, protocol));
    await withForeign(hub, handler, async (id) => {
      const service = await foreign.join(await foreign.ask(id, { protocols: [protocol] }));
      const device = await done;
      expect([service.ws.protocol, device.ws.protocol]).toEqual([protocol, protocol]);
      const message = new Promise((resolve) => device.ws.once('message', (data: Buffer, isBinary) => resolve([data.toString(), isBinary])));
      const closed = new Promise((resolve) => device.ws.once('close', (code, reason) => resolve([code, reason.toString()])));
      device.ws.resume();
      service.ws.resume();
      service.ws.send('text, as it is');
      service.ws.close(3_210, 'own code');
      expect([await message, await closed]).toEqual([
        ['text, as it is', false],
        [3_210, 'own code'],
      ]);
    });
  });
});

// accept(): where a stream URL may lead, what goes there, and which error each way of failing is.
import { certificateFor } from '@streams/testkit';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { DeviceStream, type StreamRequest, StreamsError, StreamTimeoutError } from '@streams/device';
import type { StreamRejectedError } from '@streams/service';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeHub } from './support/fake-hub.ts';
import { askForStream } from './support/raw-service.ts';
import { closeOf, DEVICE, echo, expectNoLeaks, roundTrip, startRig, until } from './support/rig.ts';

expectNoLeaks();

const STREAM_ID = 'A'.repeat(22);

/** A port that counts who comes. */
async function trap(): Promise<{ port: number; visits: () => number }> {
  let visits = 0;
  const server = createServer((socket) => {
    visits += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, visits: () => visits };
}

/** What accept() gives for a request whose leg leads to `url`. */
async function acceptAt(hub: FakeHub, url: string, endpoints: string[] = []): Promise<DeviceStream | StreamsError> {
  hub.onUpgrade = () => undefined;
  const device = hub.device();
  const answers: Promise<DeviceStream | StreamsError>[] = [];
  device.onStreamRequest((request) => void answers.push(request.accept().catch((error: unknown) => error as StreamsError)));
  const connected = device.connect();
  const link = (await hub.upgrade()).grant(hub.welcome(...endpoints));
  await connected;
  link.send(hub.request(url, STREAM_ID));
  await until('the request', () => answers.length > 0);
  return answers[0] as Promise<DeviceStream | StreamsError>;
}

describe('a stream URL that leads astray', () => {
  it.each<[string, (hub: number, other: number) => string]>([
    ['without TLS', (hub) => `ws://127.0.0.1:${hub}/v1/streams/x/device`],
    ['of another scheme', (hub) => `https://127.0.0.1:${hub}/v1/streams/x/device`],
    ['to another port', (_hub, other) => `wss://127.0.0.1:${other}/v1/streams/x/device`],
    ['to another host', (hub) => `wss://localhost:${hub}/v1/streams/x/device`],
    ['to the default port', () => 'wss://127.0.0.1/v1/streams/x/device'],
    ['with a user name', (hub) => `wss://user@127.0.0.1:${hub}/v1/streams/x/device`],
    ['with a password', (hub) => `wss://user:pass@127.0.0.1:${hub}/v1/streams/x/device`],
    ['with the hub as user name', (hub, other) => `wss://127.0.0.1:${hub}@127.0.0.1:${other}/`],
    ['with a fragment', (hub) => `wss://127.0.0.1:${hub}/v1/streams/x/device#fragment`],
    ['whose host only begins like the hub', (_hub, other) => `wss://127.0.0.1.nip.io:${other}/`],
    ['that is none', () => '/v1/streams/x/device'],
  ])('B10 is not followed: %s', async (_what, url) => {
    const hub = await FakeHub.start();
    const { port, visits } = await trap();
    const error = await acceptAt(hub, url(hub.port, port));
    expect(error).toMatchObject({ code: 'STREAMS_UNTRUSTED_ENDPOINT', retryable: false });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(visits()).toBe(0);
    expect(hub.connections).toBe(1);
  });

  it('is not followed to a host that the hub has published without TLS', async () => {
    const hub = await FakeHub.start();
    const { port, visits } = await trap();
    const error = await acceptAt(hub, `wss://127.0.0.1:${port}/`, [`http://127.0.0.1:${port}`, 'no URL', `wss://127.0.0.1:${port}`]);
    expect(error).toMatchObject({ code: 'STREAMS_UNTRUSTED_ENDPOINT' });
    expect(visits()).toBe(0);
  });
});

describe('a stream URL of the hub', () => {
  it('is dialled with the stream token alone', async () => {
    const hub = await FakeHub.start();
    const accepted = acceptAt(hub, `wss://127.0.0.1:${hub.port}/v1/streams/${STREAM_ID}/device`);
    const upgrade = await hub.upgrade(2);
    const { 'sec-websocket-key': _key, ...headers } = upgrade.request.headers;
    expect(upgrade.path).toBe(`/v1/streams/${STREAM_ID}/device`);
    expect(headers).toEqual({
      authorization: `Bearer ${'T'.repeat(43)}`,
      host: `127.0.0.1:${hub.port}`,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'streams.v1',
    });
    upgrade.grant();
    const stream = await accepted;
    expect(stream).toBeInstanceOf(DeviceStream);
    expect(stream).toMatchObject({ id: STREAM_ID, name: 'echo', deviceId: DEVICE });
  });

  it('may lead to another host that the hub has published, which gets the token alone', async () => {
    const hub = await FakeHub.start();
    const other = await FakeHub.start(hub.certificate);
    other.onUpgrade = (upgrade) => void upgrade.grant();
    const stream = await acceptAt(hub, `wss://127.0.0.1:${other.port}/leg`, ['https://elsewhere', `https://127.0.0.1:${other.port}`]);
    expect(stream).toBeInstanceOf(DeviceStream);
    expect(other.upgrades[0]?.request.headers).toMatchObject({ authorization: `Bearer ${'T'.repeat(43)}` });
    expect(hub.connections).toBe(1);
  });

  it('is judged by what the welcome says, even where the request comes in the same packet', async () => {
    const hub = await FakeHub.start();
    const other = await FakeHub.start(hub.certificate);
    other.onUpgrade = (upgrade) => void upgrade.grant();
    const endpoint = `127.0.0.1:${other.port}`;
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome(`https://${endpoint}`), hub.request(`wss://${endpoint}/leg`));
    const device = hub.device();
    const accepted = new Promise((resolve, reject) => {
      device.onStreamRequest((request) => request.accept().then(resolve, reject));
    });
    await device.connect();
    expect(await accepted).toBeInstanceOf(DeviceStream);
  });

  it('is not followed to a streaming endpoint with a certificate of another CA', async () => {
    const hub = await FakeHub.start();
    const other = await FakeHub.start(certificateFor('127.0.0.1'));
    const error = await acceptAt(hub, `wss://127.0.0.1:${other.port}/leg`, [`https://127.0.0.1:${other.port}`]);
    expect(error).toMatchObject({ code: 'STREAMS_TLS_FAILED' });
    expect(other.upgrades).toHaveLength(0);
  });
});

const answer = (code: string, details: object = {}): string =>
  JSON.stringify({ code, message: 'so it is', retryable: false, trackingId: 'T', details });

describe('a leg that does not come about', () => {
  it.each([
    ['the token is not held', 401, answer('UNAUTHENTICATED'), { code: 'STREAMS_STREAM_GONE', cause: { trackingId: 'T' } }],
    ['the handshake was ended', 410, answer('STREAM_GONE'), { code: 'STREAMS_STREAM_GONE', trackingId: 'T', message: 'so it is' }],
    [
      'the service did not come',
      504,
      answer('HANDSHAKE_TIMEOUT', { phase: 'service-leg', timeoutMs: 30_000 }),
      { code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'service-leg', timeoutMs: 30_000 },
    ],
    ['the hub drains', 503, answer('DRAINING'), { code: 'STREAMS_DRAINING', retryable: true }],
    ['a proxy has cut it', 504, '<html>', { code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'service-leg', details: { httpStatus: 504 } }],
    ['a proxy has lost the hub', 502, '<html>', { code: 'STREAMS_CONNECT_FAILED', details: { httpStatus: 502 } }],
    ['there is a redirect', 307, '', { code: 'STREAMS_CONNECT_FAILED', details: { httpStatus: 307 } }],
  ])('rejects accept() with a typed error: %s', async (_what, status, body, expected) => {
    const hub = await FakeHub.start();
    const { port, visits } = await trap();
    const accepted = acceptAt(hub, `wss://127.0.0.1:${hub.port}/leg`);
    (await hub.upgrade(2)).refuse(status, { Location: `https://127.0.0.1:${port}/` }, body);
    const error = await accepted;
    expect(StreamsError.is(error)).toBe(true);
    expect(error).toMatchObject(expected);
    expect(visits()).toBe(0);
    expect(hub.connections).toBe(2);
  });

  it('rejects accept() where the connection breaks', async () => {
    const hub = await FakeHub.start();
    const accepted = acceptAt(hub, `wss://127.0.0.1:${hub.port}/leg`);
    (await hub.upgrade(2)).socket.destroy();
    expect(await accepted).toMatchObject({ code: 'STREAMS_CONNECT_FAILED', retryable: true });
  });

  it('rejects accept() where the hub never answers, five seconds after its time', async () => {
    const hub = await FakeHub.start();
    let outcome: unknown;
    const accepted = acceptAt(hub, `wss://127.0.0.1:${hub.port}/leg`).then((error) => (outcome = error));
    const { socket } = await hub.upgrade(2);
    const closed = closeOf(socket);
    await hub.clock.advance(34_000);
    expect(outcome).toBeUndefined();
    await hub.clock.advance(1_000, { realMs: 1 });
    expect(await accepted).toMatchObject({ code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'service-leg', timeoutMs: 30_000 });
    await closed;
  });

  it('rejects accept() with the phase where the service never comes', async () => {
    const rig = await startRig();
    const device = await rig.device();
    const outcomes: unknown[] = [];
    device.onStreamRequest((request) => void request.accept().then(echo, (error: unknown) => outcomes.push(error)));
    await device.connect();
    expect(await askForStream(rig, { timeoutMs: 2_000 })).toMatchObject({ status: 200, body: { expiresInMs: 2_000 } });
    await new Promise((resolve) => setTimeout(resolve, 30));
    await rig.clock.advance(1_999, { realMs: 1 });
    expect(outcomes).toEqual([]);
    await rig.clock.advance(1, { realMs: 1 });
    await until('the rejection', () => outcomes.length === 1);
    expect(outcomes[0]).toBeInstanceOf(StreamTimeoutError);
    expect(outcomes[0]).toMatchObject({ code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'service-leg', timeoutMs: 2_000 });
    expect(rig.hub.records).toMatchObject([{ result: 'timed-out', phase: 'service-leg' }]);
  });
});

describe('a handshake that the hub ends while its leg is held', () => {
  it.each([
    ['HANDSHAKE_TIMEOUT', { code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'service-leg', timeoutMs: 30_000 }],
    ['STREAM_GONE', { code: 'STREAMS_STREAM_GONE' }],
    ['DRAINING', { code: 'STREAMS_DRAINING', retryable: true }],
  ])('rejects accept() and cuts the leg, though the word comes over the link alone: %s', async (code, expected) => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const accepted = new Promise<unknown>((resolve) => {
      device.onStreamRequest((request) => request.accept().then(resolve, resolve));
    });
    const connected = device.connect();
    const link = (await hub.upgrade()).grant(hub.welcome());
    await connected;
    link.send(hub.request(`wss://127.0.0.1:${hub.port}/leg`, STREAM_ID));
    const { socket } = await hub.upgrade(2);
    const closed = closeOf(socket);
    link.send({ type: 'cancel', streamId: STREAM_ID, code });
    expect(await accepted).toMatchObject(expected);
    await closed;
  });
});

describe('an answer that is given while the link is down', () => {
  it.each(['accept', 'reject'] as const)('is delivered on the next link (%s)', async (verb) => {
    const rig = await startRig();
    const proxy = await rig.proxy();
    const device = await rig.device({ port: proxy.port, random: { uniform: () => 0.25, bytes: (count) => Buffer.alloc(count, 1) } });
    const requests: StreamRequest[] = [];
    device.onStreamRequest((request) => void requests.push(request));
    await device.connect();
    const service = await rig.service();
    const outcome = service.createStream(DEVICE).then(
      (stream) => roundTrip(stream, 'an echo'),
      (error: StreamRejectedError) => error.reason,
    );
    await until('the request', () => requests.length === 1);
    proxy.connections[0]?.reset();
    await until('the loss', () => device.state.name === 'waiting');
    const answered = verb === 'accept' ? requests[0]?.accept().then(echo) : requests[0]?.reject('not now');
    await rig.clock.advance(600, { stepMs: 100, realMs: 1 });
    await until('the new link', () => device.state.name === 'connected');
    expect(await outcome).toBe(verb === 'accept' ? 'an echo' : 'not now');
    await answered;
  });

  it('comes too late once the hub has waited two seconds', async () => {
    const rig = await startRig();
    const proxy = await rig.proxy();
    const device = await rig.device({ port: proxy.port });
    const requests: StreamRequest[] = [];
    device.onStreamRequest((request) => void requests.push(request));
    await device.connect();
    const opened = (await rig.service()).createStream(DEVICE);
    await until('the request', () => requests.length === 1);
    proxy.inject({ up: { frozen: true } });
    proxy.connections[0]?.reset();
    const refused = expect(rig.passUntil(opened)).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_CONNECTED', retryable: true });
    await refused;
    expect(rig.clock.monotonicMs()).toBeLessThanOrEqual(2_500);
    const error: unknown = await requests[0]?.accept().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'STREAMS_STREAM_GONE' });
  });
});

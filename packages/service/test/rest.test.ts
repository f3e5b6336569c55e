// REST calls: one connection for many, signatures by the hub's clock, no redirects, and a typed error for every answer.
import { type ServiceClient, StreamsError } from '@streams/service';
import { parseSharedAccess } from '@streams/protocol/internal';
import { certificateFor, FakeClock } from '@streams/testkit';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { errorBody, type FakeCall, FakeHub, STREAM_ID, trap } from './support/fake-hub.ts';
import { DEVICE, expectNoLeaks, roundTrip, startRig, startRigBehind, until } from './support/rig.ts';

expectNoLeaks();

const HOUR_MS = 3_600_000;

async function failureOf(service: ServiceClient): Promise<unknown> {
  return service.createStream(DEVICE, { timeoutMs: 10_000 }).then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error,
  );
}

describe('the connection', () => {
  it('serves twenty streams, one after the other', async () => {
    const { rig, proxy } = await startRigBehind((port) => ({ publicUrl: `https://127.0.0.1:${port}` }));
    await rig.device();
    const [control] = proxy.connections;
    const service = await rig.service();
    let rest: unknown;
    for (let round = 1; round <= 20; round += 1) {
      const stream = await service.createStream(DEVICE);
      expect(await roundTrip(stream, `stream ${round}`)).toBe(`stream ${round}`);
      // Of four connections those stay that are no legs.
      await until('the legs are gone', () => proxy.connections.length === 2);
      rest ??= proxy.connections[1];
      expect(proxy.connections).toEqual([control, rest]);
    }
    await service.close();
    await until('the connection is gone', () => proxy.connections.length === 1);
  });

  it('is made anew where the hub has closed it', async () => {
    const rig = await startRig();
    await rig.device((request) => request.reject('no'));
    const proxy = await rig.proxy();
    const service = await rig.service({ port: proxy.port });
    for (let round = 1; round <= 3; round += 1) {
      expect(await failureOf(service)).toMatchObject({ code: 'STREAMS_STREAM_REJECTED' });
      proxy.connections[0]?.reset();
      await until('the connection is gone', () => proxy.connections.length === 0);
      // The client must have seen it too: a call on a connection that is just closing fails, as the next test says.
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  });

  it('is a failure where it breaks before the answer; the call is not made twice', async () => {
    const hub = await FakeHub.start();
    hub.onCall = ({ response }) => void response.destroy();
    expect(await failureOf(hub.service())).toMatchObject({ code: 'STREAMS_CONNECT_FAILED', retryable: true });
    expect(hub.calls).toHaveLength(1);
  });

  it('is a failure where nobody listens', async () => {
    const hub = await FakeHub.start();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    const expected = { code: 'STREAMS_CONNECT_FAILED', retryable: true, details: { cause: 'ECONNREFUSED' } };
    expect(await failureOf(hub.service({ port }))).toMatchObject(expected);
  });
});

describe('an answer that is not from a hub', () => {
  it.each<[what: string, status: number, body: string, headers: Record<string, string>, expected: object]>([
    ['502 of a proxy', 502, '<html>', {}, { code: 'STREAMS_CONNECT_FAILED', retryable: true, details: { httpStatus: 502 } }],
    ['503 of a proxy', 503, '', { 'Retry-After': '7' }, { code: 'STREAMS_CONNECT_FAILED', retryable: true, retryAfterMs: 7_000 }],
    ['504 of a proxy', 504, '<html>', {}, { code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'answer', timeoutMs: 10_000, retryable: true }],
    ['401 of a proxy', 401, '<html>', {}, { code: 'STREAMS_UNAUTHENTICATED', details: { httpStatus: 401 } }],
    ['403 of a proxy', 403, '<html>', {}, { code: 'STREAMS_CONNECT_FAILED', details: { httpStatus: 403 } }],
    ['an error code that nobody knows', 500, '{"code":"OF_A_NEWER_HUB","message":"x"}', {}, { code: 'STREAMS_CONNECT_FAILED' }],
    ['a page where JSON belongs', 200, '<html>Welcome to our Wi-Fi</html>', {}, { code: 'STREAMS_CONNECT_FAILED' }],
    ['nothing at all', 200, '', {}, { code: 'STREAMS_CONNECT_FAILED' }],
    ['a list', 200, '[]', {}, { code: 'STREAMS_CONNECT_FAILED' }],
    ['an answer without a token', 200, `{"streamId":"${STREAM_ID}"}`, {}, { code: 'STREAMS_CONNECT_FAILED' }],
    ['without end', 200, ' '.repeat(32_769), {}, { code: 'STREAMS_TOO_LARGE' }],
  ])('is a typed error: %s', async (_what, status, body, headers, expected) => {
    const hub = await FakeHub.start();
    hub.onCall = ({ answer }) => answer(status, body, headers);
    const error = await failureOf(hub.service());
    expect(StreamsError.is(error)).toBe(true);
    expect(error).toMatchObject(expected);
    expect(hub.calls).toHaveLength(1);
  });

  it.each([301, 302, 303, 307, 308])('B10 is not followed where it is a redirect (%i), nor is one of the leg', async (status) => {
    const hub = await FakeHub.start();
    const { port, visits } = await trap();
    const headers = { Location: `https://127.0.0.1:${port}/v1/devices/${DEVICE}/streams` };
    hub.onCall = ({ answer }) => answer(status, '', headers);
    const expected = { code: 'STREAMS_CONNECT_FAILED', details: { httpStatus: status } };
    expect(await failureOf(hub.service())).toMatchObject(expected);
    hub.onCall = ({ method, answer }) => (method === 'POST' ? answer(200, hub.acceptance()) : answer(204));
    hub.onUpgrade = ({ refuse }) => refuse(status, '', headers);
    expect(await failureOf(hub.service())).toMatchObject(expected);
    expect(visits()).toBe(0);
  });

  it.each<[what: string, status: number, body: string | object, expected: object]>([
    ['502 of a proxy', 502, '<html>', { code: 'STREAMS_CONNECT_FAILED', details: { httpStatus: 502 } }],
    ['504 of a proxy', 504, '<html>', { code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'device-leg' }],
    ['a token that is held no longer', 401, errorBody('UNAUTHENTICATED'), { code: 'STREAMS_STREAM_GONE', cause: { trackingId: 'T' } }],
    ['the end of the handshake', 410, errorBody('STREAM_GONE'), { code: 'STREAMS_STREAM_GONE', trackingId: 'T' }],
    [
      'the end of its time',
      504,
      errorBody('HANDSHAKE_TIMEOUT', { details: { phase: 'device-leg', timeoutMs: 10_000 } }),
      { code: 'STREAMS_HANDSHAKE_TIMEOUT', phase: 'device-leg', timeoutMs: 10_000 },
    ],
  ])('is a typed error on the leg too: %s', async (_what, status, body, expected) => {
    const hub = await FakeHub.start();
    hub.onCall = ({ method, answer }) => (method === 'POST' ? answer(200, hub.acceptance()) : answer(204));
    hub.onUpgrade = ({ refuse }) => refuse(status, body);
    expect(await failureOf(hub.service())).toMatchObject(expected);
  });
});

describe('trust', () => {
  it.each([
    ['of another CA', () => certificateFor('127.0.0.1'), certificateFor('127.0.0.1').cert],
    ['for another address', () => certificateFor('127.0.0.2'), undefined],
    ['that has expired', () => certificateFor('127.0.0.1', -1), undefined],
  ])('is refused to a certificate %s, and nothing is said to that hub', async (_what, makeCertificate, otherCa) => {
    const certificate = makeCertificate();
    const hub = await FakeHub.start(certificate);
    const error = await failureOf(hub.service({ ca: otherCa ?? certificate.cert }));
    expect(error).toMatchObject({ code: 'STREAMS_TLS_FAILED', retryable: false });
    expect(hub.calls).toHaveLength(0);
  });

  it('G3 is refused to a port without TLS', async () => {
    const hub = await FakeHub.start();
    const server = createServer((socket) => socket.resume().end('HTTP/1.1 200 OK\r\n\r\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await failureOf(hub.service({ port }))).toMatchObject({ code: 'STREAMS_TLS_FAILED' });
  });
});

describe('a clock that is wrong', () => {
  const expiryOf = ({ headers }: FakeCall): number => Number(parseSharedAccess(headers.authorization ?? '')?.expiry) * 1_000;

  it.each([-23, -2, 2, 23])('is set right by the Date of the hub (%i hours)', async (hours) => {
    const rig = await startRig();
    await rig.device();
    const clock = new FakeClock();
    clock.jumpWall(hours * HOUR_MS);
    const service = await rig.service({ clock });
    expect(await roundTrip(await service.createStream(DEVICE), 'in time')).toBe('in time');
  });

  it.each([-25, 25])('is not believed beyond a day (%i hours)', async (hours) => {
    const rig = await startRig();
    const clock = new FakeClock();
    clock.jumpWall(hours * HOUR_MS);
    expect(await failureOf(await rig.service({ clock }))).toMatchObject({ code: 'STREAMS_UNAUTHENTICATED' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('costs one call more, and only the first time', async () => {
    const hub = await FakeHub.start();
    const aheadMs = 5 * HOUR_MS;
    hub.onCall = (call) => {
      const headers = { Date: new Date(hub.clock.wallMs() + aheadMs).toUTCString() };
      const tooOld = expiryOf(call) < hub.clock.wallMs() + aheadMs;
      call.answer(tooOld ? 401 : 403, tooOld ? errorBody('UNAUTHENTICATED') : errorBody('FORBIDDEN'), headers);
    };
    const service = hub.service();
    expect(await failureOf(service)).toMatchObject({ code: 'STREAMS_FORBIDDEN' });
    expect(hub.calls).toHaveLength(2);
    expect(await failureOf(service)).toMatchObject({ code: 'STREAMS_FORBIDDEN' });
    expect(hub.calls).toHaveLength(3);
  });

  it.each([
    ['it is right', 0, 1],
    ['the new signature is refused as well', 2 * HOUR_MS, 2],
    ['the hub is off by more than a day', 24 * HOUR_MS + 60_000, 1],
  ])('is not the cause where %s', async (_what, aheadMs, calls) => {
    const hub = await FakeHub.start();
    hub.onCall = ({ answer }) => {
      answer(401, errorBody('UNAUTHENTICATED'), { Date: new Date(hub.clock.wallMs() + aheadMs).toUTCString() });
    };
    expect(await failureOf(hub.service())).toMatchObject({ code: 'STREAMS_UNAUTHENTICATED' });
    expect(hub.calls).toHaveLength(calls);
  });
});

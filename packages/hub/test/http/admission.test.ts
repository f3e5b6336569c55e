// Connections, on real sockets: how many of one address, how many strangers, who has to go, and that the others notice nothing.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { DeviceClient, StreamsError } from '@streams/device';
import type { LimitOptions } from '@streams/hub';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { ServiceClient } from '@streams/service';
import { leakCheck, type RawPeer, type ResponseHead } from '@streams/testkit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bodyOf, deviceAuthorization, rawPeer } from '../support/raw.ts';
import { limitReached } from '../support/prometheus.ts';
import { authorization } from '../support/rest.ts';
import { until } from '../support/streams.ts';

const leaks = leakCheck();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  await leaks.settled();
});

async function start(limits: LimitOptions, options: Parameters<typeof startTestHub>[0] = {}): Promise<TestHub> {
  const test = await startTestHub({ limits, ...options });
  cleanups.push(() => test.close());
  return test;
}

/** Connects, and says nothing, or something that is no TLS handshake yet. */
async function stranger(test: TestHub, { from = '127.0.0.1', says = '' } = {}): Promise<Socket> {
  const socket = connect({ port: test.port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => undefined);
  cleanups.push(() => socket.destroy());
  // Who is reset at once may never see that it was connected.
  await once(socket, 'connect').catch(() => undefined);
  if (says !== '') socket.write(says);
  return socket;
}

function strangers(test: TestHub, count: number, options = {}): Promise<Socket[]> {
  return Promise.all(Array.from({ length: count }, () => stranger(test, options)));
}

function closed(sockets: readonly Socket[]): number {
  return sockets.filter((socket) => socket.destroyed).length;
}

async function deviceOf(test: TestHub, deviceId: string): Promise<DeviceClient> {
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString(deviceId));
  cleanups.push(() => device.close());
  await device.connect();
  return device;
}

/** A request on a connection of its own. */
async function hubAsked(test: TestHub): Promise<{ peer: RawPeer; head: ResponseHead }> {
  const peer = await rawPeer(test);
  cleanups.push(() => peer.destroy());
  peer.write(`GET /v1/hub HTTP/1.1\r\nHost: 127.0.0.1:${test.port}\r\nAuthorization: ${await authorization(test)}\r\n\r\n`);
  return { peer, head: await peer.readHead() };
}

/** The start of a TLS record, whose rest never comes. */
const HELLO = '\u0016\u0003\u0001\u0002';

describe('maxUnauthenticatedConnections', () => {
  it('D9 silent ones make room for whoever comes, the oldest first', async () => {
    const test = await start({ maxUnauthenticatedConnections: 10 });
    const silent = await strangers(test, 12);
    await until(() => closed(silent) === 2);
    await deviceOf(test, 'a');
    await until(() => closed(silent) === 3);
    // A device that has authenticated is no stranger, and stays.
    const more = await strangers(test, 20);
    await until(() => closed(more) === 10);
    const device = await deviceOf(test, 'b');
    expect(device.state.name).toBe('connected');
    expect(await limitReached(test, 'maxUnauthenticatedConnections')).toBeGreaterThan(10);
  });

  it('D9 an address that has most of them pays for others, busy as it is, and gets no more itself', async () => {
    const test = await start({ maxUnauthenticatedConnections: 10 });
    const busy = await strangers(test, 10, { from: '127.0.0.9', says: HELLO });
    // Their words must have been read.
    await rawPeer(test).then((peer) => peer.destroy());
    await until(() => closed(busy) === 1);
    const refused = await strangers(test, 3, { from: '127.0.0.9', says: HELLO });
    await until(() => closed(refused) >= 2);
    await deviceOf(test, 'a');
    expect(closed(busy)).toBeLessThanOrEqual(2);
  });

  it('a leg with a good token, and a service, are no strangers', async () => {
    const test = await start({ maxUnauthenticatedConnections: 3 });
    const device = await deviceOf(test, 'a');
    device.onStreamRequest(async (request) => {
      const stream = await request.accept();
      stream.pipe(stream);
    });
    const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
    cleanups.push(() => service.close());
    const stream = await service.createStream('a', { resume: 'off' });
    const silent = await strangers(test, 30);
    await until(() => closed(silent) === 27);
    stream.end('hello');
    expect(await stream.setEncoding('utf8').toArray()).toEqual(['hello']);
    await stream.outcome;
    const again = await service.createStream('a', { resume: 'off' });
    expect(await again.destroy().outcome).toMatchObject({ by: 'local' });
  });
});

describe('maxConnectionsPerAddress', () => {
  it('one too many gets 429 and has to go; other addresses come and go', async () => {
    const test = await start({ maxConnectionsPerAddress: 5 });
    const silent = await strangers(test, 5);
    const { peer, head } = await hubAsked(test);
    expect(head).toMatchObject({ status: 429, headers: { connection: 'close', 'retry-after': expect.stringMatching(/^[1-5]$/) } });
    expect(await bodyOf(peer, head)).toMatchObject({
      code: 'TOO_MANY_CONNECTIONS',
      retryable: true,
      details: { limit: 'maxConnectionsPerAddress', max: 5 },
    });
    await peer.ended;
    expect((await stranger(test, { from: '127.0.0.2' })).destroyed).toBe(false);
    silent[0]?.destroy();
    await vi.waitUntil(async () => (await hubAsked(test)).head.status === 200);
  });

  it('many too many are reset, and cost no TLS', async () => {
    const test = await start({ maxConnectionsPerAddress: 1 });
    const silent = await strangers(test, 40);
    await until(() => closed(silent) === 40 - 33);
    for (const socket of silent) socket.destroy();
    await vi.waitUntil(async () => ((await limitReached(test, 'maxConnectionsPerAddress').catch(() => 0)) ?? 0) >= 7);
  });

  it('counts the clients behind a trusted proxy one by one, and not the proxy', async () => {
    const test = await start({ maxConnectionsPerAddress: 2 }, { trustedProxies: ['127.0.0.1'] });
    const link = async (client: string): Promise<number> => {
      const peer = await rawPeer(test);
      cleanups.push(() => peer.destroy());
      const head = await peer.upgrade('/v1/devices/a/control', [
        ['Authorization', await deviceAuthorization(test, 'a')],
        ['Sec-WebSocket-Protocol', 'streams.control.v1'],
        ['X-Forwarded-For', client],
        ['X-Forwarded-Proto', 'https'],
      ]);
      return head.status;
    };
    expect([await link('203.0.113.1'), await link('203.0.113.1'), await link('203.0.113.1')]).toEqual([101, 101, 429]);
    expect([await link('203.0.113.2'), await link('2001:db8::1'), await link('2001:db8::2'), await link('2001:db8::3')]).toEqual([
      101, 101, 101, 429,
    ]);
  });

  it('a client is told by a typed error, and a device tries again no sooner than it may', async () => {
    const test = await start({ maxConnectionsPerAddress: 1 });
    await stranger(test);
    const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
    cleanups.push(() => service.close());
    const error = await service.createStream('a').catch((thrown: unknown) => thrown);
    expect(StreamsError.is(error) && error.code).toBe('STREAMS_TOO_MANY_CONNECTIONS');
    expect((error as StreamsError).retryAfterMs).toBeGreaterThanOrEqual(1_000);
    const device = DeviceClient.fromConnectionString(await test.deviceConnectionString('a'));
    cleanups.push(() => device.close());
    const connecting = device.connect().catch(() => undefined);
    await until(() => device.state.name === 'waiting');
    expect(device.state).toMatchObject({ cause: { code: 'STREAMS_TOO_MANY_CONNECTIONS' } });
    expect((device.state as unknown as { delayMs: number }).delayMs).toBeGreaterThanOrEqual(1_000);
    device.destroy();
    await connecting;
  });
});

// A hub in a server of one's own, beside other routes and another WebSocket, which it leaves alone.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer, request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceClient } from '@streams/device';
import { createHub, type Hub, type HubOptions, hubServerOptions } from '@streams/hub';
import { systemClock } from '@streams/protocol/internal';
import { ServiceClient } from '@streams/service';
import { leakCheck, RawPeer } from '@streams/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { ServerIdentity } from '../src/tls/certificates.ts';
import { OwnCertificate } from '../src/tls/own-certificate.ts';
import { hashOf, openPair, until } from './support/streams.ts';

const leaks = leakCheck();
const POLICY = { name: 'backend', keys: [randomBytes(32).toString('base64')], permissions: ['stream:create'] } as const;
const own = new WebSocketServer({ noServer: true });
let server: Server;
let hub: Hub;
let port: number;
let sockets: Set<Socket>;
/** What the hub was given to keep. */
let given: Duplex[];
afterEach(async () => {
  await hub.close();
  await new Promise((resolve) => server.close(resolve));
  await leaks.settled();
});

/** Listens with `server`, puts a hub into it, and an echo of its own. */
async function embed(options: Partial<HubOptions> = {}): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
  sockets = new Set();
  given = [];
  server.on('connection', (socket) => sockets.add(socket.once('close', () => sockets.delete(socket))));
  hub = createHub({
    hostNames: ['127.0.0.1'],
    publicUrl: `https://127.0.0.1:${port}`,
    tls: false,
    policies: [POLICY],
    logger: false,
    ...options,
  });
  server.on('request', (incoming, response) => {
    if (hub.handles(incoming)) hub.handleRequest(incoming, response);
    else response.end('my own');
  });
  server.on('upgrade', (incoming, socket, head) => {
    if (hub.handles(incoming)) {
      given.push(socket);
      hub.handleUpgrade(incoming, socket, head);
    } else own.handleUpgrade(incoming, socket, head, (ws) => ws.on('message', (data) => ws.send(data)));
  });
}

describe('in a server of node:https', () => {
  let identity: ServerIdentity;

  beforeEach(async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-hub-'));
    identity = await (await OwnCertificate.open(dataDirectory, ['127.0.0.1'], systemClock)).load();
    await rm(dataDirectory, { recursive: true });
    server = createServer({ ...hubServerOptions, key: identity.key, cert: identity.cert });
    await embed();
  });

  async function get(path: string, headers: Record<string, string> = {}): Promise<[status: number, body: string]> {
    const ca = identity.caCertificate ?? '';
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, headers, ca, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve([response.statusCode ?? 0, text]));
      });
      sent.on('error', reject).on('upgrade', (_response, socket) => socket.destroy());
      sent.end();
    });
  }

  async function say(ws: WebSocket, text: string): Promise<string> {
    ws.send(text);
    const [data] = (await once(ws, 'message')) as [Buffer];
    return data.toString();
  }

  it('streams run; closing the hub ends them, and nothing else', async () => {
    await hub.putDevice('pump-7');
    const ca = identity.caCertificate ?? '';
    const device = DeviceClient.fromConnectionString(await hub.connectionString({ deviceId: 'pump-7' }), { ca });
    const service = ServiceClient.fromConnectionString(await hub.connectionString({ policy: 'backend' }), { ca });
    const mine = new WebSocket(`wss://127.0.0.1:${port}/chat`, { ca });
    await Promise.all([device.connect(), once(mine, 'open')]);
    const [atService, atDevice] = await openPair({ device, service });
    atService.end('hello');
    atDevice.end('hello');
    expect(await hashOf(atService)).toBe(await hashOf(atDevice));
    const [cut] = await openPair({ device, service }, 'test', { resume: 'off' });
    expect(await get('/')).toEqual([200, 'my own']);

    await hub.close();
    // A link and four legs; the device may have dialled anew by now.
    expect(given.slice(0, 5).map(({ closed }) => closed)).toEqual([true, true, true, true, true]);
    expect(await cut.resume().outcome).toMatchObject({ by: 'hub', clean: false });
    await until(() => device.state.name !== 'connected');
    expect(await get('/')).toEqual([200, 'my own']);
    expect(await say(mine, 'still there')).toBe('still there');
    expect(await get('/v1/hub')).toEqual([503, expect.stringContaining('DRAINING')]);
    expect((await get('/v1/devices/pump-7/control', { connection: 'Upgrade', upgrade: 'websocket' }))[0]).toBe(503);
    await Promise.all([service.close(), device.close()]);
    await until(() => sockets.size === 1);
    mine.terminate();
  });

  it("handles says which paths are the hub's", async () => {
    const handled = (url: string): boolean => hub.handles({ url } as Parameters<Hub['handles']>[0]);
    for (const path of [
      '/v1/hub',
      '/v1/hub?x',
      '/v1/devices/a',
      '/v1/devices/a/control',
      '/v1/streams/x/device',
      '/v1/devices',
      '/portal',
      '/portal/main.js',
    ])
      expect([path, handled(path)]).toEqual([path, true]);
    for (const path of [
      '',
      '/',
      '/v1',
      '/v1/',
      '/v1/hubs',
      '/v1/other',
      '/healthz',
      '/v2/hub',
      '/portals',
      '//v1/hub',
      'http://x/v1/hub',
      '/%',
    ])
      expect([path, handled(path)]).toEqual([path, false]);
  });
});

describe('in a server of node:http', () => {
  beforeEach(() => {
    server = createPlainServer({ ...hubServerOptions });
  });

  async function ask(...headers: string[]): Promise<number> {
    const peer = await RawPeer.connect({ port });
    peer.write(`${['GET /v1/hub HTTP/1.1', 'Host: 127.0.0.1', ...headers].join('\r\n')}\r\n\r\n`);
    const { status } = await peer.readHead();
    peer.destroy();
    return status;
  }

  it('loopback is taken at its word', async () => {
    await embed();
    expect(await ask()).toBe(401);
    expect(await ask('X-Forwarded-Proto: http')).toBe(401);
  });

  it('a trusted proxy must say https, for requests and for upgrades', async () => {
    await embed({ trustedProxies: ['127.0.0.0/8'] });
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket'];
    expect(await ask('X-Forwarded-Proto: https')).toBe(401);
    expect(await ask()).toBe(400);
    expect(await ask('X-Forwarded-Proto: https', 'X-Forwarded-Proto: http')).toBe(400);
    expect(await ask('X-Forwarded-Proto: http', ...upgrade)).toBe(400);
    expect(await ask('X-Forwarded-Proto: https', ...upgrade)).toBe(404);
  });
});

describe('a hub that ends TLS itself', () => {
  beforeEach(() => {
    server = createPlainServer();
  });

  it('is not for embedding, and says so when the server is put together', async () => {
    await embed({ tls: { dataDirectory: '/nowhere' } });
    expect(() => hub.handleRequest).toThrow('tls: false');
    expect(() => hub.handleUpgrade).toThrow(expect.objectContaining({ code: 'STREAMS_INVALID_STATE' }));
  });
});

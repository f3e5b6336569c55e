// On which ports a hub listens: two endpoints on two names and ports, and plain HTTP on loopback alone.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceClient } from '@streams/device';
import { createHub, type Hub, type HubOptions } from '@streams/hub';
import { parseServiceConnectionString } from '@streams/protocol/internal';
import { ServiceClient } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts } from './support/ports.ts';
import { hashOf, openPair } from './support/streams.ts';

const leaks = leakCheck();
let hub: Hub;
afterEach(async () => {
  await hub.close();
  await leaks.settled();
});

const BASE = {
  hostNames: ['localhost'],
  policies: [{ name: 'backend', keys: [randomBytes(32).toString('base64')], permissions: ['stream:create'] }],
  logger: false,
} satisfies Partial<HubOptions>;
const PLAIN = { ...BASE, tls: false, publicUrl: 'https://localhost' } as const;
const LOOPBACK = { port: 0, host: '127.0.0.1' };

describe('two endpoints', () => {
  async function statusOf(url: string, ca: string): Promise<number> {
    return new Promise((resolve, reject) => {
      get(url, { ca, agent: false, family: 4 }, (response) => resolve(response.resume().statusCode ?? 0)).once('error', reject);
    });
  }

  it('have a name and a port each, one certificate, and their own paths alone', async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-hub-'));
    const [port = 0] = await freePorts(1);
    hub = createHub({ ...BASE, tls: { dataDirectory }, streamingUrl: `https://127.0.0.1:${port}` });
    const ports = await hub.listen({ ...LOOPBACK, streaming: { ...LOOPBACK, port } });
    await rm(dataDirectory, { recursive: true });
    expect(ports).toEqual({
      port: ports.port,
      url: `https://localhost:${ports.port}`,
      streaming: { port, url: `https://127.0.0.1:${port}` },
    });
    await hub.putDevice('pump-7');
    const serviceString = await hub.connectionString({ policy: 'backend' });
    const device = DeviceClient.fromConnectionString(await hub.connectionString({ deviceId: 'pump-7' }));
    const service = ServiceClient.fromConnectionString(serviceString);
    await device.connect();
    const [atService, atDevice] = await openPair({ device, service });
    atService.end('1');
    atDevice.end('2');
    await Promise.all([hashOf(atService), hashOf(atDevice)]);
    expect((await atService.outcome).clean).toBe(true);

    const { caCertificate = '' } = parseServiceConnectionString(serviceString);
    const leg = `/v1/streams/${'A'.repeat(22)}/device`;
    const statuses = (origin: string): Promise<number[]> =>
      Promise.all(['/v1/hub', leg, '/readyz', '/metrics'].map((path) => statusOf(`${origin}${path}`, caCertificate)));
    expect(await statuses(ports.url)).toEqual([401, 404, 200, 200]);
    expect(await statuses(ports.streaming.url)).toEqual([404, 426, 200, 404]);
    await Promise.all([service.close(), device.close()]);
  });

  it('share the host name where none is given for legs', async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-hub-'));
    hub = createHub({ ...BASE, tls: { dataDirectory } });
    const { port, streaming } = await hub.listen({ ...LOOPBACK, streaming: LOOPBACK });
    await rm(dataDirectory, { recursive: true });
    expect(streaming.port).not.toBe(port);
    expect(streaming.url).toBe(`https://localhost:${streaming.port}`);
  });

  it('on the same port of two addresses need the URL that leads to the second', async () => {
    hub = createHub({ ...BASE, tls: { dataDirectory: '/nowhere' } });
    const listening = hub.listen({ host: '127.0.0.1', streaming: { port: 8443, host: '127.0.0.2' } });
    await expect(listening).rejects.toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: 'streamingUrl' } });
  });

  it('are both open or both shut', async () => {
    hub = createHub({ ...PLAIN, streamingUrl: 'https://127.0.0.1' });
    const [port = 0] = await freePorts(1);
    const taken = { port, streaming: { port } };
    await expect(hub.listen(taken)).rejects.toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: 'streaming.port' } });
    expect(await hub.listen({ port })).toEqual({ port, url: 'https://localhost', streaming: { port, url: 'https://127.0.0.1' } });
  });
});

describe('without TLS', () => {
  it.each([
    { options: { host: '0.0.0.0' }, field: 'host' },
    { options: { host: '::' }, field: 'host' },
    { options: { host: 'localhost' }, field: 'host' },
    { options: { streaming: { port: 0, host: '0.0.0.0' } }, field: 'streaming.host' },
  ])('$options is no place to listen', async ({ options, field }) => {
    hub = createHub({ ...PLAIN, streamingUrl: 'https://127.0.0.1' });
    await expect(hub.listen({ port: 0, ...options })).rejects.toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field } });
  });

  it('a port for legs needs the URL that leads there', async () => {
    hub = createHub(PLAIN);
    const listening = hub.listen({ port: 0, streaming: { port: 0 } });
    await expect(listening).rejects.toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: 'streamingUrl' } });
  });

  it('connection strings need no open port, and pin nothing', async () => {
    hub = createHub({ ...PLAIN, publicUrl: 'https://hub.example.com:8443' });
    expect(await hub.connectionString({ policy: 'backend' })).toMatch(
      /^HostName=hub\.example\.com:8443;SharedAccessKeyName=backend;SharedAccessKey=[^;]+$/,
    );
  });
});

it('a hub that is closed while it opens its port leaves none open', async () => {
  hub = createHub(PLAIN);
  const listening = hub.listen({ port: 0 });
  await hub.close();
  await listening;
  await leaks.settled();
});

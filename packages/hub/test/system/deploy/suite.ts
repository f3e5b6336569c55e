// What works behind a reverse proxy where TLS ends: two names on two ports, and everything as without one.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DeviceClient, type DeviceStream, type StreamRequest } from '@streams/device';
import { createHub, type Hub } from '@streams/hub';
import {
  createTrust,
  dialLeg,
  LINK_IDLE_JITTER,
  LINK_IDLE_MS,
  MAX_HANDSHAKE_TIMEOUT_MS,
  parseServiceConnectionString,
  Signer,
  systemClock,
} from '@streams/protocol/internal';
import { ServiceClient } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OwnCertificate } from '../../../src/tls/own-certificate.ts';
import { deployFile, type Names, type StartProxy } from './reverse-proxies.ts';
import { freePorts } from '../../support/ports.ts';
import { hashOf, openPair } from '../../support/streams.ts';

/** Longer than the five seconds that some defaults give. */
const HELD_MS = 5_300;
interface Logged {
  readonly address?: string;
  readonly cause?: string;
}

/** @param file Of docs/deploy/. */
export function deploySuite(start: StartProxy, file: string): void {
  const leaks = leakCheck();
  const warnings: Logged[] = [];
  const closers: (() => Promise<unknown>)[] = [];
  let ca: string;
  let hub: Hub;
  let names: Names;
  let device: DeviceClient;
  let service: ServiceClient;
  let url: string;
  let streamingUrl: string;

  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'streams-deploy-'));
    closers.push(() => rm(directory, { recursive: true }));
    const identity = await (await OwnCertificate.open(directory, ['localhost', '127.0.0.1'], systemClock)).load();
    ca = identity.caCertificate ?? '';
    const certificate = join(directory, 'both.pem');
    await writeFile(certificate, `${identity.cert}\n${identity.key}`);
    const [main = 0, streaming = 0] = await freePorts(2);
    [url, streamingUrl] = [`https://localhost:${main}`, `https://127.0.0.1:${streaming}`];
    hub = createHub({
      hostNames: ['localhost'],
      publicUrl: url,
      streamingUrl,
      tls: false,
      trustedProxies: ['127.0.0.1'],
      policies: [
        { name: 'backend', keys: [randomBytes(32).toString('base64')], permissions: ['stream:create', 'device:read', 'device:write'] },
      ],
      logger: { info: () => undefined, error: () => undefined, warn: (fields: object) => warnings.push(fields) },
    });
    closers.push(() => hub.close());
    const ports = await hub.listen({ port: 0, streaming: { port: 0 } });
    expect([ports.url, ports.streaming.url]).toEqual([url, streamingUrl]);
    names = {
      HUB_NAME: 'localhost',
      HUB_LISTEN: `127.0.0.1:${main}`,
      HUB_ADDRESS: `127.0.0.1:${ports.port}`,
      STREAMING_NAME: '127.0.0.1',
      STREAMING_LISTEN: `127.0.0.1:${streaming}`,
      STREAMING_ADDRESS: `127.0.0.1:${ports.streaming.port}`,
      CERTIFICATE: certificate,
      CERTIFICATE_KEY: certificate,
    };
    const proxy = await start(names);
    closers.push(() => proxy.close());
    await hub.putDevice('pump-7');
    device = DeviceClient.fromConnectionString(await hub.connectionString({ deviceId: 'pump-7' }), { ca });
    service = ServiceClient.fromConnectionString(await hub.connectionString({ policy: 'backend' }), { ca });
    closers.push(() => Promise.all([service.close(), device.close()]));
    await device.connect();
  });

  afterAll(async () => {
    for (const close of closers.reverse()) await close();
    await leaks.settled();
  });

  function once(handle: (request: StreamRequest) => Promise<unknown>): void {
    const unregister = device.onStreamRequest((request) => {
      unregister();
      return handle(request) as Promise<void>;
    });
  }

  /** A signed REST call through the proxy, from another address of this machine. */
  async function call(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<[number, object]> {
    const { hostName, policy, key } = parseServiceConnectionString(await hub.connectionString({ policy: 'backend' }));
    const authorization = new Signer({ resource: hostName, policy, key }, systemClock).authorization();
    return new Promise((resolve, reject) => {
      const options = { method, ca, agent: false, localAddress: '127.0.0.2', family: 4, headers: { authorization, ...headers } };
      const sent = request(`${url}${path}`, options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve([response.statusCode ?? 0, JSON.parse(text) as object]));
      });
      sent.on('error', reject).end(body && JSON.stringify(body));
    });
  }

  it('16 MiB go both ways, the second after the end of the first, and both ends are clean', async () => {
    const [there, back] = [randomBytes(2 ** 24), randomBytes(2 ** 24)];
    const [atService, atDevice] = await openPair({ device, service });
    atService.end(there);
    expect(await hashOf(atDevice)).toBe(sha256(there));
    atDevice.end(back);
    expect(await hashOf(atService)).toBe(sha256(back));
    for (const stream of [atService, atDevice]) expect(await stream.outcome).toEqual({ by: 'local', reason: '', clean: true });
  });

  it('16 MiB go both ways at once', async () => {
    const content = randomBytes(2 ** 24);
    once(async (incoming) => {
      const stream = await incoming.accept();
      stream.pipe(stream);
    });
    const stream = await service.createStream('pump-7');
    stream.end(content);
    expect(await hashOf(stream)).toBe(sha256(content));
  });

  it('metrics are open beside the proxy, and not through it', async () => {
    expect((await fetch(`http://${names.HUB_ADDRESS}/metrics`)).status).toBe(200);
    expect(await call('GET', '/metrics')).toMatchObject([403, { code: 'FORBIDDEN' }]);
  });

  it("a rejection brings the device's reason", async () => {
    once(async (incoming) => incoming.reject('not today'));
    await expect(service.createStream('pump-7')).rejects.toMatchObject({ code: 'STREAMS_STREAM_REJECTED', reason: 'not today' });
  });

  it.each(['service', 'device'] as const)('an abort of the %s brings its reason', async (side) => {
    const [atService, atDevice] = await openPair({ device, service });
    const [from, to] = side === 'service' ? [atService, atDevice] : [atDevice, atService];
    from.abort('enough');
    expect(await to.resume().outcome).toEqual({ by: 'peer', reason: 'enough', clean: false });
  });

  it('a service that gives up is noticed at once', async () => {
    const controller = new AbortController();
    const noticed = new Promise<void>((resolve) => {
      once(async ({ signal }) => {
        signal.addEventListener('abort', () => resolve());
        controller.abort();
        await noticed;
      });
    });
    await expect(service.createStream('pump-7', { signal: controller.signal })).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });
    await noticed;
  });

  it('a handshake is held, at the POST and at a leg', async () => {
    const accepted: Promise<DeviceStream>[] = [];
    const unregister = device.onStreamRequest(async (incoming) => {
      if (incoming.name === 'late-answer') await delay(HELD_MS);
      accepted.push(incoming.accept());
    });
    const [lateAnswer, lateLeg] = await Promise.all([
      service.createStream('pump-7', { name: 'late-answer' }),
      call('POST', '/v1/devices/pump-7/streams', { name: 'late-leg', protocols: ['streams.v1'] }).then(async ([, answer]) => {
        await delay(HELD_MS);
        const ticket = { ...(answer as { url: string; token: string; protocol: string }), timeoutMs: 5_000 };
        return dialLeg(ticket, {
          trust: createTrust({ ca }),
          proxyFor: () => undefined,
          clock: systemClock,
          origins: [streamingUrl],
          phase: 'device-leg',
        });
      }),
    ]);
    unregister();
    const atDevice = await Promise.all(accepted);
    lateAnswer.abort('done');
    lateLeg.close(4400, 'done');
    for (const stream of atDevice) expect(await stream.resume().outcome).toEqual({ by: 'peer', reason: 'done', clean: false });
  });

  it("what a client says of itself is not believed, and the proxy's word is", async () => {
    const headers = { authorization: 'SharedAccessSignature sr=x&sig=x&se=1', 'x-forwarded-for': '192.0.2.6', 'x-forwarded-proto': 'http' };
    expect(await call('GET', '/v1/hub', undefined, headers)).toMatchObject([401, { code: 'UNAUTHENTICATED' }]);
    expect(warnings.at(-1)).toMatchObject({ address: '127.0.0.2' });
  });

  it('each endpoint has its own paths alone', async () => {
    expect(await call('GET', '/v1/hub')).toMatchObject([200, { streamingEndpoints: [streamingUrl] }]);
    expect(await call('GET', `/v1/streams/${'A'.repeat(22)}/device`)).toMatchObject([404, { code: 'NOT_FOUND' }]);
  });

  it('both names can be of one port', async () => {
    const [port = 0] = await freePorts(1);
    const second = await start({ ...names, HUB_LISTEN: `127.0.0.1:${port}`, STREAMING_LISTEN: `127.0.0.1:${port}` });
    const statusOf = (host: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = request(`https://${host}:${port}/v1/hub`, { ca, agent: false, family: 4 }, (response) => {
          resolve(response.resume().statusCode ?? 0);
        });
        sent.on('error', reject).end();
      });
    expect([await statusOf('localhost'), await statusOf('127.0.0.1')]).toEqual([401, 404]);
    await second.close();
  });

  it('the silence limit is longer than a held handshake, and than two silences of a control link', async () => {
    const limits = [...(await deployFile(file)).matchAll(/\b(?:proxy_read_timeout|timeout (?:client|server)) (\d+)s/g)];
    expect(limits.length).toBe(2);
    const longestMs = Math.max(MAX_HANDSHAKE_TIMEOUT_MS, 2 * LINK_IDLE_MS * (1 + LINK_IDLE_JITTER));
    for (const [, seconds] of limits) expect(Number(seconds) * 1_000).toBeGreaterThan(longestMs);
  });

  it('carries an import that is larger than bodies are by default, and its answer at the same time', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => ({ deviceId: `import-${index}-${'x'.repeat(100)}` }));
    const seen: number[] = [];
    const totals = await service.devices.import(rows, { onProgress: ({ lines }) => seen.push(lines) });
    expect(totals).toMatchObject({ created: 20_000, failed: 0 });
    expect(seen.length).toBeGreaterThan(10);
    let exported = 0;
    for await (const { deviceId } of service.devices.export({ prefix: 'import-' })) exported += Number(deviceId !== '');
    expect(exported).toBe(20_000);
  });
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

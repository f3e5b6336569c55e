// `streams doctor` against real causes: what each line says, which one is the first that fails, and that nothing is disturbed.
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { DeviceClient } from '@streams/device';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { formatConnectionString, parseServiceConnectionString, Secret, systemClock } from '@streams/protocol/internal';
import { ServiceClient } from '@streams/service';
import { type Certificate, certificateFor, FakeClock, leakCheck } from '@streams/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { checkControlLink } from '../src/doctor/control-link.ts';
import { examine, type ExamineOptions, type NamedFinding } from '../src/doctor/examine.ts';
import { readPatient } from '../src/doctor/patient.ts';

const WRONG_KEY = Buffer.alloc(32).toString('base64');
const NAMES = ['connection string', 'proxy', 'DNS', 'TCP', 'TLS', 'clock', 'credentials', 'streaming endpoints', 'control link', 'echo'];
const leaks = leakCheck();
let hub: TestHub;
let serviceString: string;
let pump: string;

beforeAll(async () => {
  hub = await startTestHub();
  serviceString = await hub.serviceConnectionString();
  pump = await hub.deviceConnectionString('pump-7');
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(async () => {
  await hub.close();
  await leaks.settled();
});

async function diagnose(connectionString: string, options: ExamineOptions = {}): Promise<Map<string, NamedFinding>> {
  vi.stubEnv('STREAMS_CONNECTION_STRING', connectionString);
  const found = new Map<string, NamedFinding>();
  for await (const finding of examine(options)) found.set(finding.name, finding);
  expect([...found.keys()]).toEqual(NAMES);
  expect(JSON.stringify([...found])).not.toMatch(/[A-Za-z0-9+/]{43}=/);
  return found;
}

/** The one that failed; those before it are well, and those behind it were not looked at. */
async function onlyFailure(connectionString: string, options: ExamineOptions = {}): Promise<NamedFinding> {
  const findings = [...(await diagnose(connectionString, options)).values()];
  const at = findings.findIndex(({ outcome }) => outcome === 'failed');
  expect(findings.slice(0, at).every(({ outcome }) => outcome === 'ok' || outcome === 'skipped')).toBe(true);
  expect(findings.slice(at + 1).filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  expect(findings.at(-1)?.outcome).toBe('skipped');
  return findings[at] as NamedFinding;
}

/** A device that echoes, of this process. */
async function echoDevice(connectionString: string, only = 'echo'): Promise<DeviceClient> {
  const device = DeviceClient.fromConnectionString(connectionString);
  device.onStreamRequest(async (request) => {
    if (request.name !== only) return request.reject(`this device offers ${only}, not ${request.name}`);
    const stream = await request.accept();
    stream.pipe(stream);
  });
  await device.connect();
  return device;
}

async function anotherHub(options: Parameters<typeof startTestHub>[0]): Promise<TestHub> {
  const other = await startTestHub(options);
  onTestFinished(() => other.close());
  return other;
}

/** A string for whoever listens there. */
function stringFor(port: number, hostName = '127.0.0.1', caCertificate?: string): string {
  return formatConnectionString({ hostName, port, policy: 'backend', key: new Secret(WRONG_KEY), caCertificate });
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

function listenTls(certificate: Certificate): Promise<number> {
  return listen(createTlsServer({ ...certificate }).on('tlsClientError', () => undefined));
}

/** Answers the first CONNECT with `answer`, or makes the tunnel to `port`. */
function listenProxy(answer: string | number): Promise<number> {
  const server = createTcpServer((client) => {
    client.once('data', () => {
      if (typeof answer === 'string') return void client.end(`HTTP/1.1 ${answer}\r\nContent-Length: 0\r\n\r\n`);
      const target = connect({ host: '127.0.0.1', port: answer }).on('error', () => client.destroy());
      client.once('close', () => target.destroy());
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
  });
  return listen(server);
}

describe('all is well', () => {
  it('from the service, as far as 1 MiB through the echo of the device', async () => {
    await using _device = await echoDevice(pump);
    const found = await diagnose(serviceString, { device: 'pump-7' });
    for (const finding of found.values()) expect(finding).toMatchObject({ outcome: 'ok' });
    const text = (name: string): string | undefined => found.get(name)?.text;
    expect(text('connection string')).toBe(`of the policy test at 127.0.0.1:${hub.port}, pins a CA; from STREAMS_CONNECTION_STRING`);
    expect(text('TCP')).toMatch(new RegExp(`^connected to 127\\.0\\.0\\.1:${hub.port} in \\d+ ms$`));
    expect(text('TLS')).toMatch(
      /^TLSv1\.3, signed by "device streams hub CA" for 127\.0\.0\.1, until \d{4}-\d\d-\d\d; trusted by the CA in the connection string, /,
    );
    expect(text('credentials')).toMatch(/^authenticated as the policy test by hub .*; it has device:read$/);
    expect(text('streaming endpoints')).toBe(`https://127.0.0.1:${hub.port}, the hub itself`);
    expect(text('echo')).toMatch(/^1 MiB came back equal, handshake [\d.]+ ms, round trip [\d.]+ ms, [\d.]+ MB\/s$/);
  });

  it('from the device, whose program keeps its link and goes on serving', async () => {
    await using device = await echoDevice(pump);
    await using service = ServiceClient.fromConnectionString(serviceString);
    let lost = 0;
    device.on('disconnected', () => (lost += 1));
    const found = await diagnose(pump);
    expect([...found.values()].map(({ outcome }) => outcome)).toEqual([...NAMES.slice(0, -1).map(() => 'ok'), 'skipped']);
    expect(found.get('control link')?.text).toMatch(/^the hub would take one; none was opened/);
    expect(found.get('echo')?.text).toContain('streams doctor --device pump-7');
    const stream = await service.createStream('pump-7', { name: 'echo' });
    stream.end('hello');
    expect(String(Buffer.concat(await stream.toArray()))).toBe('hello');
    expect(lost).toBe(0);
  });

  it('without the right to read devices, and with a device that has no echo', async () => {
    const policies = [{ name: 'opener', keys: [Buffer.alloc(32, 1).toString('base64')], permissions: ['stream:create' as const] }];
    const other = await anotherHub({ policies });
    await using _device = await echoDevice(await other.deviceConnectionString('pump-8'), 'ssh');
    const found = await diagnose(await other.serviceConnectionString('opener'), { device: 'pump-8' });
    expect(found.get('credentials')).toMatchObject({ outcome: 'ok', text: expect.stringContaining('lacks device:read') });
    expect(found.get('control link')).toMatchObject({ outcome: 'skipped', text: expect.stringContaining('device:read') });
    expect(found.get('echo')).toMatchObject({ outcome: 'skipped', text: expect.stringContaining('this device offers ssh, not echo') });
  });
});

describe('the connection string', () => {
  it.each([
    ['HostName=hub', /SharedAccessKeyName is missing/],
    ['HostName=hub;DeviceId=a;SharedAccessKey=?', /SharedAccessKey is not base64/],
  ])('%s', async (text, says) => {
    expect(await onlyFailure(text)).toMatchObject({
      name: 'connection string',
      code: 'INVALID_ARGUMENT',
      text: expect.stringMatching(says),
    });
  });

  it('is missing, or that of a device beside --device', async () => {
    expect(await onlyFailure('', { data: '/nowhere' })).toMatchObject({ text: expect.stringContaining('set STREAMS_CONNECTION_STRING') });
    expect(await onlyFailure(pump, { device: 'pump-7' })).toMatchObject({ name: 'connection string', remedy: 'leave it out' });
  });
});

describe('the way to the hub', () => {
  it('the name has no address', async () => {
    expect(await onlyFailure(stringFor(443, 'nowhere.invalid'))).toMatchObject({
      name: 'DNS',
      code: 'CONNECT_FAILED',
      remedy: expect.any(String),
    });
  });

  it('nobody listens on the port', async () => {
    expect(await onlyFailure(stringFor(1))).toMatchObject({
      name: 'TCP',
      code: 'CONNECT_FAILED',
      text: expect.stringContaining('ECONNREFUSED'),
      remedy: expect.stringContaining('nobody listens on that port'),
    });
  });

  it.each([
    ['407 Proxy Authentication Required', /wants a user and a password \(407\): add them in HTTPS_PROXY/],
    ['403 Forbidden', /does not permit a connection to hub\.invalid:443 \(403\)/],
  ])('the proxy says %s', async (answer, says) => {
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${await listenProxy(answer)}`);
    expect(await onlyFailure(stringFor(443, 'hub.invalid'))).toMatchObject({ name: 'TCP', text: expect.stringMatching(says) });
  });

  it('goes through a proxy, whose password is not shown, though this machine cannot resolve the hub', async () => {
    const far = await anotherHub({ hostNames: ['hub.invalid'] });
    const proxy = `127.0.0.1:${await listenProxy(far.port)}`;
    vi.stubEnv('HTTPS_PROXY', `http://user:s3cret@${proxy}`);
    const found = await diagnose(await far.serviceConnectionString());
    expect(found.get('proxy')?.text).toBe(`${proxy}, by HTTPS_PROXY, with a user and a password`);
    expect(found.get('TCP')?.text).toContain(`connected to hub.invalid:${far.port} through the proxy`);
    expect(found.get('streaming endpoints')?.outcome).toBe('ok');
    expect(JSON.stringify([...found])).not.toMatch(/s3cret|dXNlcjpzM2NyZXQ/);
  });

  it('says why there is no proxy, and what is wrong with one', async () => {
    vi.stubEnv('HTTPS_PROXY', 'http://proxy.invalid:3128');
    expect((await diagnose(stringFor(1))).get('proxy')?.text).toBe('none: the hub is on this machine');
    vi.stubEnv('NO_PROXY', '.invalid');
    expect((await diagnose(stringFor(1, 'hub.invalid'))).get('proxy')?.text).toBe('none: NO_PROXY exempts hub.invalid');
    vi.stubEnv('HTTPS_PROXY', 'ftp://user:s3cret@proxy');
    expect(await onlyFailure(stringFor(1))).toMatchObject({ name: 'proxy', text: expect.stringMatching(/^HTTPS_PROXY: expected/) });
  });
});

describe('TLS', () => {
  const cases: [string, () => Promise<string>, RegExp][] = [
    [
      'is not spoken',
      async () => stringFor(await listen(createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')))),
      /does not speak TLS: check the port/,
    ],
    ['self-signed', async () => stringFor(await listenTls(certificateFor('127.0.0.1'))), /self-signed.*STREAMS_CA_FILE/],
    ['of another CA', async () => stringFor(hub.port, '127.0.0.1', certificateFor('127.0.0.1').cert), /trusts one CA alone/],
    ['of an unknown CA', async () => stringFor(hub.port), /"device streams hub CA"\) is not one that Node trusts: .*STREAMS_CA_FILE/],
    ['for another name', () => pinned(certificateFor('127.0.0.2')), /is for 127\.0\.0\.2, not for 127\.0\.0\.1/],
    ['expired', () => pinned(certificateFor('127.0.0.1', -1)), /expired on \d{4}-.*: renew it on the hub, or set the clock/],
  ];

  async function pinned(certificate: Certificate): Promise<string> {
    return stringFor(await listenTls(certificate), '127.0.0.1', certificate.cert);
  }

  it.each(cases)('%s', async (_name, make, says) => {
    expect(await onlyFailure(await make())).toMatchObject({ name: 'TLS', code: 'TLS_FAILED', text: expect.stringMatching(says) });
  });

  it('a file of roots that is none', async () => {
    vi.stubEnv('STREAMS_CA_FILE', '/nowhere.pem');
    expect(await onlyFailure(stringFor(hub.port))).toMatchObject({ name: 'TLS', text: 'STREAMS_CA_FILE: cannot read /nowhere.pem' });
  });
});

describe('the hub', () => {
  it.each([
    [45, /^45 s behind that of the hub; a hub forgives 60 s/],
    [7_200, /^7200 s behind that of the hub; /],
    [-45, /^45 s ahead of that of the hub; /],
  ])('its clock is %i s ahead: a warning, and the rest is looked at as the SDKs do it', async (seconds, says) => {
    // Time stands still here too, in the middle of what the hub's `Date` can tell.
    const wallMs = Math.floor(systemClock.wallMs() / 1_000) * 1_000 + 500;
    const ours = vi.spyOn(systemClock, 'wallMs').mockReturnValue(wallMs);
    onTestFinished(() => ours.mockRestore());
    const other = await anotherHub({ clock: new FakeClock(wallMs + seconds * 1_000) });
    const found = await diagnose(await other.serviceConnectionString());
    expect(found.get('clock')).toMatchObject({ outcome: 'warn', code: 'UNAUTHENTICATED', text: expect.stringMatching(says) });
    expect(found.get('credentials')?.outcome).toBe('ok');
  });

  it('does not know the key', async () => {
    const { caCertificate } = parseServiceConnectionString(serviceString);
    expect(await onlyFailure(stringFor(hub.port, '127.0.0.1', caCertificate))).toMatchObject({
      name: 'credentials',
      code: 'UNAUTHENTICATED',
      remedy: expect.stringContaining('take the connection string of the policy anew'),
    });
  });

  it('is none', async () => {
    const certificate = certificateFor('127.0.0.1');
    const port = await listen(createHttpsServer({ ...certificate }, (_request, response) => response.end('<p>Hello</p>')));
    expect(await onlyFailure(stringFor(port, '127.0.0.1', certificate.cert))).toMatchObject({
      name: 'credentials',
      text: expect.stringContaining('is no hub'),
    });
  });

  it('sends streams to where nobody is', async () => {
    const other = await anotherHub({ streamingUrl: 'https://127.0.0.1:1' });
    expect(await onlyFailure(await other.serviceConnectionString())).toMatchObject({
      name: 'streaming endpoints',
      code: 'CONNECT_FAILED',
      text: expect.stringMatching(/^127\.0\.0\.1:1: .*ECONNREFUSED/),
    });
  });

  it('has a streaming endpoint elsewhere, which is looked at too', async () => {
    const { caCertificate } = parseServiceConnectionString(serviceString);
    const other = await anotherHub({ streamingUrl: `https://127.0.0.1:${hub.port}` });
    expect(parseServiceConnectionString(await other.serviceConnectionString()).caCertificate).toBe(caCertificate);
    expect((await diagnose(await other.serviceConnectionString())).get('streaming endpoints')).toMatchObject({
      outcome: 'ok',
      text: expect.stringMatching(/^https:.*, connected to .* ms, TLS trusted$/),
    });
  });
});

describe('the device', () => {
  it.each([
    ['not connected', {}, /^off is not connected/, /streams device proxy/],
    ['disabled', { enabled: false }, /^off is disabled$/, /streams devices enable off/],
  ])('is %s', async (_name, settings, says, remedy) => {
    await hub.hub.putDevice('off', { enabled: true, ...settings });
    expect(await onlyFailure(serviceString, { device: 'off' })).toMatchObject({
      name: 'control link',
      code: 'DEVICE_NOT_CONNECTED',
      text: expect.stringMatching(says),
      remedy: expect.stringMatching(remedy),
    });
  });

  it('is disabled, seen from its own end, where a wrong key looks the same', async () => {
    const text = await hub.deviceConnectionString('off');
    await hub.hub.putDevice('off', { enabled: false });
    expect(await onlyFailure(text)).toMatchObject({
      name: 'credentials',
      code: 'UNAUTHENTICATED',
      remedy: expect.stringContaining('disabled'),
    });
  });

  it('is unknown', async () => {
    expect(await onlyFailure(serviceString, { device: 'nobody' })).toMatchObject({ name: 'control link', code: 'DEVICE_NOT_FOUND' });
  });

  it('would get no link with a wrong key: the hub authenticates before it looks at the subprotocol', async () => {
    const text = pump.replace(/SharedAccessKey=[^;]+/, `SharedAccessKey=${WRONG_KEY}`);
    await expect(checkControlLink(readPatient({ text, source: '' }, undefined))).rejects.toMatchObject({ code: 'STREAMS_UNAUTHENTICATED' });
  });

  it('would get no link, since upgrades do not come through', async () => {
    expect(await onlyFailure(await behindProxy([]))).toMatchObject({
      name: 'control link',
      code: 'UPGRADE_REQUIRED',
      text: expect.stringContaining('WebSocket upgrades do not reach the hub'),
    });
  });

  it('would be sent to what is no URL, whose text cannot steer the terminal', async () => {
    const found = await diagnose(await behindProxy(['\u001b[31m']));
    expect(found.get('streaming endpoints')).toMatchObject({
      outcome: 'failed',
      text: expect.stringMatching(/^ \[31m: .* no https: URL$/),
    });
  });

  /** A device's string for a hub behind a reverse proxy that passes no upgrade on. */
  async function behindProxy(streamingEndpoints: readonly string[]): Promise<string> {
    const certificate = certificateFor('127.0.0.1');
    const view = JSON.stringify({ hostName: 'hub', streamingEndpoints, version: '1' });
    const refusal = JSON.stringify({ code: 'UPGRADE_REQUIRED', message: 'this endpoint speaks WebSocket only', trackingId: '' });
    const server = createHttpsServer({ ...certificate }, (request, response) => {
      const isView = request.url === '/v1/hub';
      response.writeHead(isView ? 200 : 426).end(isView ? view : refusal);
    });
    return formatConnectionString({
      hostName: '127.0.0.1',
      port: await listen(server),
      deviceId: 'pump-7',
      key: new Secret(WRONG_KEY),
      caCertificate: certificate.cert,
    });
  }
});

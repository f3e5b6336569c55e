// Everything through a real squid that wants Basic credentials. The hub's name is known to squid alone: nothing else could get there.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DeviceClient, type StreamsError } from '@streams/device';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { ServiceClient } from '@streams/service';
import { certificateFor, leakCheck, type LeakCheck } from '@streams/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ForwardProxy, startSquid, USER } from './forward-proxies.ts';
import { echo, until } from '../../support/streams.ts';

const HOST = 'hub.invalid';
const VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY', 'no_proxy', 'NO_PROXY'];
const certificate = certificateFor('127.0.0.1');
let leaks: LeakCheck;
let squid: ForwardProxy;
let test: TestHub;

beforeAll(async () => {
  leaks = leakCheck();
  [squid, test] = await Promise.all([startSquid(certificate), startTestHub({ hostNames: [HOST] })]);
});
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(async () => {
  await test.close();
  await squid.stop();
  await leaks.settled();
});

/** The environment as a company has it, and nothing that was there before. */
function setEnvironment(env: Record<string, string>): void {
  for (const name of VARIABLES) vi.stubEnv(name, env[name]);
}

function url(user: string = USER.url): string {
  return `http://${user}@127.0.0.1:${squid.port}`;
}

function use<T extends DeviceClient | ServiceClient>(client: T): T {
  onTestFinished(async () => {
    client.destroy();
    await client.close();
  });
  return client;
}

async function failureOf(service: ServiceClient): Promise<StreamsError> {
  return use(service)
    .createStream('pump-7')
    .then(
      () => expect.unreachable('it succeeded'),
      (error: StreamsError) => error,
    );
}

async function serviceFailure(settings: { proxy?: string | false } = {}, address = `${HOST}:${test.port}`): Promise<StreamsError> {
  const connectionString = (await test.serviceConnectionString()).replace(/HostName=[^;]+/, `HostName=${address}`);
  return failureOf(ServiceClient.fromConnectionString(connectionString, settings));
}

describe('through squid', () => {
  it('go control link, REST and both legs, as user', async () => {
    setEnvironment({ HTTPS_PROXY: url(), NO_PROXY: 'other.invalid,10.0.0.0/8' });
    const device = use(DeviceClient.fromConnectionString(await test.deviceConnectionString('pump-7')));
    echo(device);
    await device.connect();
    const service = use(ServiceClient.fromConnectionString(await test.serviceConnectionString()));
    const stream = await service.createStream('pump-7');
    stream.end('through the wall');
    expect((await stream.toArray()).join('')).toBe('through the wall');
    await Promise.all([service.close(), device.close()]);
    let log: string[] = [];
    const target = ` 127.0.0.1 TCP_TUNNEL/200 `;
    await until(() => {
      void squid.connects().then((lines) => (log = lines));
      return log.length >= 4;
    });
    expect(log).toHaveLength(4);
    for (const line of log) expect(line).toMatch(new RegExp(`${target}\\d+ CONNECT ${HOST}:${test.port} user `));
  });

  it('goes TLS in TLS, in a process that trusts the proxy by NODE_EXTRA_CA_CERTS and requires the built packages', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'streams-proxy-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    await writeFile(join(directory, 'ca.pem'), certificate.cert);
    const env = {
      PATH: process.env['PATH'],
      NODE_EXTRA_CA_CERTS: join(directory, 'ca.pem'),
      HTTPS_PROXY: `https://${USER.url}@127.0.0.1:${squid.tlsPort}`,
      DEVICE: await test.deviceConnectionString('pump-8'),
      SERVICE: await test.serviceConnectionString(),
    };
    const cwd = fileURLToPath(new URL('../../..', import.meta.url));
    expect((await promisify(execFile)(process.execPath, ['--eval', PROGRAM], { cwd, env, timeout: 15_000 })).stdout).toBe('hello\n');
  });
});

const PROGRAM = `
const { DeviceClient } = require('@streams/device');
const { ServiceClient } = require('@streams/service');
(async () => {
  const device = DeviceClient.fromConnectionString(process.env.DEVICE);
  device.onStreamRequest(async (request) => { const stream = await request.accept(); stream.pipe(stream); });
  await device.connect();
  const service = ServiceClient.fromConnectionString(process.env.SERVICE);
  const stream = await service.createStream('pump-8');
  stream.end('hello');
  console.log((await stream.toArray()).join(''));
  await Promise.all([service.close(), device.close()]);
})();
`;

describe('squid says no', () => {
  it('to no user, and to a wrong password: the variable is named, the password is not', async () => {
    setEnvironment({ https_proxy: url('').replace('@', '') });
    const details = { proxy: `127.0.0.1:${squid.port}`, proxyStatus: 407 };
    const nobody = await serviceFailure();
    expect(nobody).toMatchObject({ code: 'STREAMS_CONNECT_FAILED', details });
    expect(nobody.message).toContain('wants a user and a password (407): add them in https_proxy');
    setEnvironment({ HTTPS_PROXY: url('user:s3cret') });
    const wrong = await serviceFailure();
    expect(wrong).toMatchObject({ code: 'STREAMS_CONNECT_FAILED', details });
    expect(wrong.message).toContain('does not accept the user and password (407): correct them in HTTPS_PROXY');
    expect(JSON.stringify([wrong.message, wrong.details])).not.toContain('s3cret');
  });

  it('to a control link, which goes on trying and shows why', async () => {
    const device = use(DeviceClient.fromConnectionString(await test.deviceConnectionString('pump-7'), { proxy: url('user:s3cret') }));
    const abort = new AbortController();
    const connected = device.connect({ signal: abort.signal });
    await until(() => device.state.name === 'waiting');
    expect(device.state).toMatchObject({ cause: { code: 'STREAMS_CONNECT_FAILED', details: { proxyStatus: 407 } } });
    abort.abort();
    await expect(connected).rejects.toMatchObject({ code: 'STREAMS_ABORTED' });
  });

  it('to a host that it forbids, or finds nobody at', async () => {
    const forbidden = await serviceFailure({ proxy: url() }, 'forbidden.invalid:443');
    expect(forbidden).toMatchObject({ code: 'STREAMS_CONNECT_FAILED', details: { proxyStatus: 403 } });
    const nobody = await serviceFailure({ proxy: url() }, `${HOST}:1`);
    expect(nobody).toMatchObject({ code: 'STREAMS_CONNECT_FAILED', details: { proxyStatus: 503 } });
  });
});

describe('past squid', () => {
  it.each<[what: string, env: Record<string, string>, settings: { proxy?: false }]>([
    ['NO_PROXY', { NO_PROXY: '.invalid' }, {}],
    ['proxy: false', {}, { proxy: false }],
  ])('by %s', async (_what, env, settings) => {
    setEnvironment({ HTTPS_PROXY: url('user:wrong'), ...env });
    // Without squid nobody knows the name.
    const error = await serviceFailure(settings, `${HOST}:2`);
    expect(error).toMatchObject({
      code: 'STREAMS_CONNECT_FAILED',
      details: { cause: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) as string },
    });
    expect(error.details).not.toHaveProperty('proxy');
    expect((await squid.connects()).filter((line) => line.includes(`${HOST}:2`))).toEqual([]);
  });
});

// The keys of tokens: fetched when they are needed, not more often than that, and kept when the issuer is gone; and tokens at a real hub.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener, Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHub, type HubOptions, type JwtOptions } from '@streams/hub';
import { parseServiceConnectionString, systemClock } from '@streams/protocol/internal';
import { ServiceClient } from '@streams/service';
import { FakeClock, leakCheck } from '@streams/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTokenKeys, type TokenKeys } from '../../src/auth/token-keys.ts';
import { Tokens } from '../../src/auth/tokens.ts';
import { AUDIENCE, ISSUER, type IssuerKey, issuerKey, jwksOf, keyServer, stopServer, tokenOf } from '../support/issuer.ts';
import { call, send } from '../support/rest.ts';
import { echo, startTrio, type Trio, until } from '../support/streams.ts';

const leaks = leakCheck();
const PERMISSIONS: JwtOptions['permissions'] = {
  operator: { permissions: ['stream:create'], devices: ['pump-*'], streams: ['ssh'] },
  viewer: { permissions: ['device:read'] },
};
let first: IssuerKey;
let second: IssuerKey;
let clock: FakeClock;
let warnings: string[];
let opened: TokenKeys[];
let servers: Server[];

beforeAll(async () => {
  [first, second] = [await issuerKey('first'), await issuerKey('second')];
});
beforeEach(() => {
  clock = new FakeClock();
  [warnings, opened, servers] = [[], [], []];
});
afterEach(async () => {
  for (const keys of opened) keys.stop();
  await Promise.all(servers.map(stopServer));
  expect(clock.pendingTimers).toBe(0);
});
afterAll(() => leaks.settled());

const ignore = (): void => undefined;

function open(where: Pick<JwtOptions, 'jwksUrl' | 'jwksFile'>): { keys: TokenKeys; who: (key: IssuerKey) => Promise<unknown> } {
  const options = { issuer: ISSUER, audience: AUDIENCE, permissions: PERMISSIONS, ...where };
  const warn = (_fields: object, message: string): void => void warnings.push(message);
  const keys = openTokenKeys(options, clock, { info: ignore, warn, error: ignore });
  opened.push(keys);
  const tokens = new Tokens(options, keys.find, clock);
  const who = async (key: IssuerKey): Promise<unknown> => {
    const identity = await tokens.authenticate(await tokenOf(key, clock.wallMs()));
    return typeof identity === 'string' ? identity : identity.policy.name;
  };
  return { keys, who };
}

async function serving(answer: RequestListener): Promise<Awaited<ReturnType<typeof keyServer>>> {
  const served = await keyServer(answer);
  servers.push(served.server);
  return served;
}

describe('keys behind a URL', () => {
  it('are fetched once for many tokens, and again for a key that is new, not more often than every 30 s', async () => {
    let published = [first];
    const { url, asked } = await serving((_, response) => response.end(jwksOf(...published)));
    const { who } = open({ jwksUrl: url });
    expect(asked()).toBe(0);
    expect(await Promise.all([who(first), who(first), who(first)])).toEqual(['jwt:ada', 'jwt:ada', 'jwt:ada']);
    expect(asked()).toBe(1);
    published = [first, second];
    expect(await Promise.all([who(second), who(second), who(first)])).toEqual(['unknown-key', 'unknown-key', 'jwt:ada']);
    expect(asked()).toBe(1);
    await clock.advance(30_000);
    expect(await Promise.all([who(second), who(second)])).toEqual(['jwt:ada', 'jwt:ada']);
    expect(asked()).toBe(2);
    published = [second];
    await clock.advance(600_000);
    await until(() => asked() === 3);
    await expect.poll(() => who(first)).toBe('unknown-key');
    expect(warnings).toEqual([]);
  });

  it.each<[string, RequestListener]>([
    ['an error', (_, response) => response.writeHead(500).end()],
    ['a redirect', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['no key set', (_, response) => response.end('{"keys": 7}')],
    ['no JSON', (_, response) => response.end('<html>')],
    ['a secret key', (_, response) => response.end('{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}')],
    ['too much', (_, response) => response.end('x'.repeat(1_048_577))],
    ['a broken answer', (_, response) => void response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy())],
  ])('stay as they are when the issuer answers with %s, which is said once', async (_what, broken) => {
    let answer: RequestListener = (_, response) => response.end(jwksOf(first));
    const { url, asked } = await serving((request, response) => answer(request, response));
    const { keys, who } = open({ jwksUrl: url });
    expect(await who(first)).toBe('jwt:ada');
    answer = broken;
    await clock.advance(600_000);
    await until(() => asked() === 2);
    for (let round = 1; round <= 2; round += 1) await expect(keys.reload()).rejects.toBeInstanceOf(Error);
    expect(await who(first)).toBe('jwt:ada');
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toMatch(/^the keys of JSON Web Tokens stay as they are: /);
    expect(warnings[0]).not.toContain('c2VjcmV0');
  });

  it('of an issuer that is slow or gone hold nobody up who has a known key', async () => {
    let isSlow = false;
    const { url, asked, server } = await serving((_, response) => void (isSlow || response.end(jwksOf(first))));
    const { who } = open({ jwksUrl: url });
    expect(await who(first)).toBe('jwt:ada');
    isSlow = true;
    await clock.advance(600_000);
    await until(() => asked() === 2);
    expect(await who(first)).toBe('jwt:ada');
    const waiting = who(second);
    await clock.advance(5_000);
    expect(await waiting).toBe('unknown-key');
    expect(warnings).toEqual([expect.stringMatching(/gave no answer within 5000 ms$/)]);
    await stopServer(server);
    await clock.advance(600_000, { realMs: 5 });
    expect(await who(first)).toBe('jwt:ada');
  });

  it('that were never there: the hub says so, and that it may be asked again', async () => {
    const { url, server } = await serving((_, response) => response.writeHead(503).end());
    const { who } = open({ jwksUrl: url });
    await expect(who(first)).rejects.toMatchObject({ code: 'STREAMS_OVERLOADED', retryable: true });
    await stopServer(server);
    await expect(who(first)).rejects.toMatchObject({ code: 'STREAMS_OVERLOADED' });
  });
});

describe('keys in a file', () => {
  let directory: string;
  let jwksFile: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'streams-jwks-'));
    jwksFile = join(directory, 'jwks.json');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('are those that are there when it has changed, or at the reload', async () => {
    await writeFile(jwksFile, jwksOf(first));
    const { keys, who } = open({ jwksFile });
    expect([await who(first), await who(second)]).toEqual(['jwt:ada', 'unknown-key']);
    await writeFile(jwksFile, jwksOf(second));
    await keys.reload();
    expect([await who(first), await who(second)]).toEqual(['unknown-key', 'jwt:ada']);
    await writeFile(jwksFile, jwksOf(first, second));
    await clock.advance(10_000, { realMs: 20 });
    expect([await who(first), await who(second)]).toEqual(['jwt:ada', 'jwt:ada']);
    await writeFile(jwksFile, '{');
    await expect(keys.reload()).rejects.toThrow(`jwt: ${jwksFile} is no JSON Web Key Set`);
    await expect(keys.reload()).rejects.toThrow('is no JSON Web Key Set');
    expect(await who(first)).toBe('jwt:ada');
    expect(warnings.length).toBe(1);
  });

  it.each<[string, string | undefined, string]>([
    ['is missing', undefined, 'cannot be read (ENOENT)'],
    ['is no key set', '[]', 'is no JSON Web Key Set: expected {"keys": [...]}'],
    ['has what is no key', '{"keys": [7]}', 'keys[0]: expected a JSON Web Key'],
    ['has a private key', '{"keys": [{"kty": "EC", "d": "c2VjcmV0"}]}', 'keys[0]: is a secret key; publish the public one alone'],
  ])('are refused at the start: it %s', async (_what, text, says) => {
    if (text !== undefined) await writeFile(jwksFile, text);
    const options: HubOptions = {
      hostNames: ['hub.example'],
      tls: false,
      publicUrl: 'https://hub.example',
      policies: [],
      jwt: { issuer: ISSUER, audience: AUDIENCE, jwksFile, permissions: PERMISSIONS },
    };
    expect(() => createHub(options)).toThrow(`jwt: ${jwksFile} ${says}`);
  });
});

describe('a service with a token', () => {
  let trio: Trio;
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'streams-jwt-'));
    const jwksFile = join(directory, 'jwks.json');
    await writeFile(jwksFile, jwksOf(first));
    trio = await startTrio({ jwt: { issuer: ISSUER, audience: AUDIENCE, jwksFile, permissions: PERMISSIONS } });
  });
  afterEach(async () => {
    await trio.close();
    await rm(directory, { recursive: true });
  });

  const token = (claims = {}): Promise<string> => tokenOf(first, systemClock.wallMs(), claims);

  it('opens what its roles permit, as the subject, and ends it again', async () => {
    const requesters: string[] = [];
    trio.device.onStreamRequest(async (request) => {
      requesters.push(request.requester.policy);
      const stream = await request.accept();
      stream.on('error', ignore).pipe(stream);
    });
    const { caCertificate: ca } = parseServiceConnectionString(await trio.test.serviceConnectionString());
    const service = new ServiceClient({ hostName: new URL(trio.test.url).host, ca, token: () => token({ sub: 'auth0|ada' }) });
    const stream = await service.createStream('pump-7', { name: 'ssh' });
    const back = new Promise((resolve) => stream.once('data', resolve));
    stream.write('hello');
    expect(String(await back)).toBe('hello');
    expect(requesters).toEqual(['jwt:auth0%7Cada']);
    await expect(service.createStream('pump-7', { name: 'web' })).rejects.toMatchObject({ code: 'STREAMS_FORBIDDEN' });
    await expect(service.createStream('valve-1', { name: 'ssh' })).rejects.toMatchObject({ code: 'STREAMS_FORBIDDEN' });
    await expect(service.devices.get('pump-7')).rejects.toMatchObject({ code: 'STREAMS_FORBIDDEN' });
    const end = new Promise((resolve) => stream.once('error', resolve));
    const headers = { authorization: `Bearer ${await token({ sub: 'eve' })}` };
    expect(await send(trio.test, 'DELETE', `/v1/streams/${stream.id}`, { headers })).toMatchObject({ status: 410 });
    headers.authorization = `Bearer ${await token({ sub: 'auth0|ada' })}`;
    expect(await send(trio.test, 'DELETE', `/v1/streams/${stream.id}`, { headers })).toMatchObject({ status: 204 });
    expect(await end).toMatchObject({ closeCode: 4400 });
    await until(() => trio.test.records.length >= 4);
    for (const { policy } of trio.test.records) expect(policy).toBe('jwt:auth0%7Cada');
    await service.close();
  });

  it('gets one and the same 401, whatever is wrong, and no control link or leg', async () => {
    const now = Math.floor(systemClock.wallMs() / 1_000);
    const other = await issuerKey('first');
    const wrong = [
      await token({ exp: now - 300 }),
      await token({ aud: 'x' }),
      await token({ sub: undefined }),
      'x',
      'A'.repeat(43),
      await tokenOf(other, systemClock.wallMs()),
    ];
    const answers = await Promise.all(
      wrong.map((jwt) => send(trio.test, 'GET', '/v1/hub', { headers: { authorization: `Bearer ${jwt}` } })),
    );
    const { body } = await send(trio.test, 'GET', '/v1/hub');
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect({ ...answer.body, trackingId: '' }).toEqual({ ...body, trackingId: '' });
    }
    const headers = { authorization: `Bearer ${await token()}` };
    expect(await send(trio.test, 'GET', '/v1/hub', { headers })).toMatchObject({ status: 200 });
    const upgrade = {
      ...headers,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    };
    for (const path of ['/v1/devices/pump-7/control', `/v1/streams/${'A'.repeat(22)}/service`]) {
      expect(await send(trio.test, 'GET', path, { headers: { ...upgrade, 'sec-websocket-protocol': 'streams.control.v1' } })).toMatchObject(
        { status: 401 },
      );
    }
  });

  it('stays apart from policies: none can have its name, and those go on beside it', async () => {
    echo(trio.device);
    expect(await call(trio.test, 'PUT', '/v1/policies/jwt:ada', { body: { permissions: ['hub:read'] } })).toMatchObject({ status: 400 });
    (await trio.service.createStream('pump-7')).destroy();
    const headers = { authorization: `Bearer ${await token({ roles: [] })}` };
    const refused = { status: 403, body: { message: 'the policy jwt:ada lacks the permission device:read' } };
    expect(await send(trio.test, 'GET', '/v1/devices', { headers })).toMatchObject(refused);
  });
});

// What the SDKs say of a hub that cannot be trusted, over real TLS: each cause by its name, and what to do about it.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { DeviceClient, type StreamsError } from '@streams/device';
import { ServiceClient } from '@streams/service';
import { certificateFor, FakeClock, leakCheck, type LeakCheck } from '@streams/testkit';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { KeyPair } from '../../src/http/server.ts';
import { issueLeaf, loadAuthority } from '../../src/tls/certificate-authority.ts';

const DAY_MS = 86_400_000;
const HOSTS = ['127.0.0.1', 'localhost'];

let leaks: LeakCheck;
let directory: string;
let [ours, theirs]: (KeyPair | undefined)[] = [];

beforeAll(async () => {
  leaks = leakCheck();
  directory = await mkdtemp(join(tmpdir(), 'streams-tls-'));
  // Two hubs' own CAs, which bear the same name.
  [ours, theirs] = await Promise.all(['ours', 'theirs'].map((name) => loadAuthority(join(directory, name), at(-200))));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
  await leaks.settled();
});

function at(days: number): FakeClock {
  const clock = new FakeClock();
  clock.jumpWall(Date.now() + days * DAY_MS - clock.wallMs());
  return clock;
}

/** A certificate of `authority`, issued `days` from now. */
function leaf(authority: KeyPair | undefined, days = 0, hosts = HOSTS): Promise<KeyPair> {
  return issueLeaf(authority as KeyPair, hosts, at(days));
}

/** Listens with a certificate, or without TLS. */
async function listen(certificate: KeyPair | undefined): Promise<number> {
  const server = certificate
    ? createServer({ ...certificate })
    : createTcpServer((socket) => socket.resume().end('HTTP/1.1 400 No\r\n\r\n'));
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

/** How both clients fail. */
async function failures(port: number, ca: string | undefined): Promise<StreamsError[]> {
  const hostName = `127.0.0.1:${port}`;
  const device = new DeviceClient({ hostName, deviceId: 'pump-7', sharedAccessKey: 'AAAA', ca });
  const service = new ServiceClient({ hostName, sharedAccessKeyName: 'backend', sharedAccessKey: 'AAAA', ca });
  const caught = (promise: Promise<unknown>): Promise<StreamsError> =>
    promise.then(
      () => expect.unreachable('it succeeded'),
      (error: StreamsError) => error,
    );
  const errors = await Promise.all([caught(device.connect()), caught(service.createStream('pump-7'))]);
  await Promise.all([device.close(), service.close()]);
  return errors;
}

type Case = [reason: string, make: () => Promise<KeyPair | undefined>, ca: () => string | undefined, words: RegExp];

const pinned = (): string | undefined => ours?.cert;
const cases: Case[] = [
  [
    'expired',
    () => leaf(ours, -100),
    pinned,
    /expired on \d{4}-\d\d-\d\dT[\d:]+Z: renew it on the hub, or set the clock of this machine, now /,
  ],
  ['not-yet-valid', () => leaf(ours, 10), pinned, /not valid before \d{4}-\d\d-\d\dT[\d:]+Z: set the clock of this machine, now /],
  [
    'wrong-host',
    () => leaf(ours, 0, ['hub.example', '127.0.0.2']),
    pinned,
    /is for hub\.example, 127\.0\.0\.2, not for 127\.0\.0\.1: .*hostNames/,
  ],
  ['pin-mismatch', () => leaf(theirs), pinned, /trusts one CA alone.* \("device streams hub CA"\): copy the hub's connection string anew/],
  ['pin-mismatch', () => Promise.resolve(certificateFor('127.0.0.1')), pinned, /trusts one CA alone/],
  [
    'self-signed',
    () => Promise.resolve(certificateFor('127.0.0.1')),
    () => undefined,
    /self-signed, and not one that Node trusts: .*CaCertificate.*STREAMS_CA_FILE/,
  ],
  [
    'unknown-ca',
    () => leaf(ours),
    () => undefined,
    /"device streams hub CA"\) is not one that Node trusts: .*CaCertificate.*STREAMS_CA_FILE/,
  ],
  ['no-tls', () => Promise.resolve(undefined), pinned, /does not speak TLS: check the port/],
];

describe('STREAMS_TLS_FAILED, of connect() and of createStream()', () => {
  it.each(cases)('G2 %s', async (reason, make, ca, words) => {
    const port = await listen(await make());
    for (const error of await failures(port, ca())) {
      expect(error).toMatchObject({ code: 'STREAMS_TLS_FAILED', retryable: false, details: { reason } });
      expect(error.message).toMatch(words);
      expect(error.cause).toBeInstanceOf(Error);
    }
  });

  it('G2 unknown-ca, where STREAMS_CA_FILE has another', async () => {
    const file = join(directory, 'roots.pem');
    await writeFile(file, theirs?.cert ?? '');
    vi.stubEnv('STREAMS_CA_FILE', file);
    onTestFinished(() => void vi.unstubAllEnvs());
    for (const error of await failures(await listen(await leaf(ours)), undefined)) {
      expect(error).toMatchObject({ code: 'STREAMS_TLS_FAILED', details: { reason: 'unknown-ca' } });
      expect(error.message).toContain('is not in STREAMS_CA_FILE');
    }
  });

  it('G2 expired, where it is the CA that has', async () => {
    const old = await loadAuthority(join(directory, 'old'), at(-21 * 365));
    for (const error of await failures(await listen(await leaf(old)), old.cert)) {
      expect(error).toMatchObject({ code: 'STREAMS_TLS_FAILED', details: { reason: 'expired' } });
      expect(error.message).toMatch(/expired on \d{4}-/);
    }
  });
});

// TLS sessions are resumed: by the next connection of a client, after a restart of the hub too, and for a day at most.
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { connectHub, createProxyFor, createTrust, parseServiceConnectionString, systemClock, type Trust } from '@streams/protocol/internal';
import { FakeClock, leakCheck } from '@streams/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadTicketKeys, TICKET_KEYS_LIFE_MS } from '../../src/tls/ticket-keys.ts';
import { keepingLogger, serialAt } from '../support/certificates.ts';
import { until } from '../support/streams.ts';

const leaks = leakCheck();
let directory: string;
let clock: FakeClock;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streams-resumption-'));
  clock = new FakeClock(systemClock.wallMs());
});
afterEach(() => rm(directory, { recursive: true }));
afterAll(() => leaks.settled());

async function authorityOf(test: TestHub): Promise<string> {
  return parseServiceConnectionString(await test.serviceConnectionString()).caCertificate ?? '';
}

async function trustIn(test: TestHub): Promise<Trust> {
  return createTrust({ ca: await authorityOf(test), env: {} });
}

/** Connects, and tells whether an earlier session was resumed. Its own session is kept when this is done. */
async function isResumed(test: TestHub, trust: Trust, host = '127.0.0.1'): Promise<boolean> {
  const url = new URL(`wss://${host}:${test.port}`);
  const before = trust.sessions.get(url.host);
  const socket = await connectHub({ url, trust, proxyFor: createProxyFor({ env: {} }), clock: systemClock, timeoutMs: 10_000 });
  const isReused = socket.isSessionReused();
  // Its ticket comes behind the handshake; with a session that is resumed comes none.
  if (!isReused) await until(() => trust.sessions.get(url.host) !== before);
  socket.destroy();
  return isReused;
}

describe('a client', () => {
  it('resumes its session with the next connection, also with a hub that has restarted', async () => {
    const first = await startTestHub({ clock, tls: { dataDirectory: directory } });
    const trust = await trustIn(first);
    expect(await isResumed(first, trust)).toBe(false);
    expect(await isResumed(first, trust)).toBe(true);
    expect(await isResumed(first, { ...trust, sessions: new Map() })).toBe(false);
    await first.close();
    const second = await startTestHub({ clock, tls: { dataDirectory: directory } }, first.port);
    expect(await isResumed(second, trust)).toBe(true);
    await second.close();
  });

  it('G5 resumes that of another client of its process with the same roots, and of no other', async () => {
    const test = await startTestHub({ clock });
    await isResumed(test, await trustIn(test));
    expect(await isResumed(test, await trustIn(test))).toBe(true);
    const other = await startTestHub({ clock });
    const both = createTrust({ ca: await Promise.all([authorityOf(test), authorityOf(other)]), env: {} });
    expect(await isResumed(test, both)).toBe(false);
    await Promise.all([test.close(), other.close()]);
  });

  it('resumes where the name of the hub has several addresses', async () => {
    const test = await startTestHub({ clock, hostNames: ['localhost'] });
    const trust = await trustIn(test);
    expect(await isResumed(test, trust, 'localhost')).toBe(false);
    expect(await isResumed(test, trust, 'localhost')).toBe(true);
    await test.close();
  });

  it('G5 checks the certificate anew after a day, and the hub says nothing of new keys', async () => {
    const logger = keepingLogger();
    const test = await startTestHub({ clock, logger, tls: { dataDirectory: directory } });
    const trust = await trustIn(test);
    await isResumed(test, trust);
    const serial = await serialAt(test.port);
    clock.jumpWall(TICKET_KEYS_LIFE_MS);
    expect(await isResumed(test, trust)).toBe(true);
    await clock.advance(60_000, { realMs: 1 });
    await expect.poll(() => isResumed(test, trust)).toBe(false);
    expect(await isResumed(test, trust)).toBe(true);
    expect(await serialAt(test.port)).toBe(serial);
    expect(logger.lines).toEqual([]);
    await test.close();
  });

  it('G5 resumes none with another certificate', async () => {
    const test = await startTestHub({ clock, tls: { dataDirectory: directory } });
    const trust = await trustIn(test);
    await isResumed(test, trust);
    await test.close();
    const other = await startTestHub({ clock }, test.port);
    await expect(isResumed(other, trust)).rejects.toMatchObject({ code: 'STREAMS_TLS_FAILED' });
    await other.close();
  });
});

describe('the keys', () => {
  const file = (): string => join(directory, 'ticket-keys.json');

  it("are the owner's alone, stay for a day, and are made anew then, or when somebody has set the clock back", async () => {
    const { keys } = await loadTicketKeys(directory, clock);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    clock.jumpWall(TICKET_KEYS_LIFE_MS - 1);
    expect((await loadTicketKeys(directory, clock)).keys).toEqual(keys);
    clock.jumpWall(1);
    const next = await loadTicketKeys(directory, clock);
    expect(next.keys).not.toEqual(keys);
    clock.jumpWall(-1);
    expect((await loadTicketKeys(directory, clock)).keys).not.toEqual(next.keys);
  });

  it.each(['', '{}', '{"keys":"AAAA","madeAtMs":1}', '{"keys":7}', '[]'])('are made anew where the file holds %j', async (text) => {
    await writeFile(file(), text, { mode: 0o600 });
    const { keys } = await loadTicketKeys(directory, clock);
    expect(keys).toHaveLength(48);
    expect((await loadTicketKeys(directory, clock)).keys).toEqual(keys);
  });

  it('are made anew where others could read them, and do without a directory', async () => {
    const { keys } = await loadTicketKeys(directory, clock);
    await chmod(file(), 0o640);
    expect((await loadTicketKeys(directory, clock)).keys).not.toEqual(keys);
    expect((await loadTicketKeys(join(directory, 'absent'), clock)).keys).toHaveLength(48);
  });
});

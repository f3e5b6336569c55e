// The certificate that the hub signs for itself: renewed in process, in time, under the feet of what runs.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceClient } from '@streams/device';
import { systemClock } from '@streams/protocol/internal';
import { FakeClock, leakCheck } from '@streams/testkit';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { OwnCertificate } from '../../src/tls/own-certificate.ts';
import { keepingLogger, serialAt, serialOf } from '../support/certificates.ts';
import { echo, hashOf, openPair, startTrio, until } from '../support/streams.ts';

const DAY_MS = 86_400_000;
const leaks = leakCheck();
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streams-renewal-'));
});
afterEach(() => rm(directory, { recursive: true }));
afterAll(() => leaks.settled());

it('happens by itself, while streams run on; a device that pins the CA connects as before', async () => {
  // OpenSSL goes by the machine's time, at which the old certificate and the new one are to be valid.
  const clock = new FakeClock(systemClock.wallMs() - 60.5 * DAY_MS);
  const logger = keepingLogger();
  const trio = await startTrio({ clock, logger, tls: { dataDirectory: directory } }, { clock }, { clock });
  const { test } = trio;
  const pinned = await test.deviceConnectionString('pump-8');
  const [service, device] = await openPair(trio);
  const first = await serialAt(test.port);

  clock.jumpWall(60 * DAY_MS);
  await clock.advance(60_000, { realMs: 1 });
  await until(() => logger.lines.length === 1);
  const second = await serialAt(test.port);
  expect(second).not.toBe(first);
  const validTo = new Date(Math.floor((clock.wallMs() + 90 * DAY_MS) / 1_000) * 1_000).toISOString();
  expect(logger.lines).toEqual([
    { level: 'info', fields: { serialNumber: second, validTo }, message: 'the hub presents a new certificate' },
  ]);

  service.end('over the old connection');
  device.end();
  expect(await hashOf(device)).toBe(createHash('sha256').update('over the old connection').digest('hex'));
  expect((await service.outcome).clean).toBe(true);
  echo(trio.device); // legs are dialled anew
  const stream = await trio.service.createStream('pump-7');
  stream.end('over a new one');
  const [chunk] = (await once(stream, 'data')) as [Buffer];
  expect(chunk.toString()).toBe('over a new one');
  const newcomer = DeviceClient.fromConnectionString(pinned, { clock });
  await newcomer.connect();
  await newcomer.close();
  await trio.close();
  await until(() => clock.pendingTimers === 0);
});

it('is due when 30 of its 90 days are left, or when the clock was set back; it needs no data directory', async () => {
  const clock = new FakeClock();
  const own = await OwnCertificate.open(directory, ['127.0.0.1'], clock);
  const [first, authority] = [await own.load(), await readdir(directory)];
  expect(authority.sort()).toEqual(['ca-cert.pem', 'ca-key.pem', 'ticket-keys.json']);
  await rm(directory, { recursive: true });
  clock.jumpWall(60 * DAY_MS - 1);
  expect((await own.newer())?.cert).toBe(first.cert); // with other keys for tickets
  clock.jumpWall(1);
  const atTwoThirds = await own.newer();
  expect(serialOf(atTwoThirds?.cert ?? '')).not.toBe(serialOf(first.cert));
  clock.jumpWall(-DAY_MS);
  expect((await own.newer())?.cert).toBe(atTwoThirds?.cert);
  clock.jumpWall(-1);
  const second = await own.newer();
  expect(second?.caCertificate).toBe(first.caCertificate);
  expect(serialOf(second?.cert ?? '')).not.toBe(serialOf(atTwoThirds?.cert ?? ''));
  expect(await own.newer()).toBeUndefined();
  expect(serialOf((await own.load()).cert)).not.toBe(serialOf(second?.cert ?? ''));
  await expect(readdir(directory)).rejects.toMatchObject({ code: 'ENOENT' });
  directory = await mkdtemp(join(tmpdir(), 'streams-renewal-'));
});

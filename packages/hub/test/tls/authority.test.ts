// The hub's own CA: made once, kept with tight modes, and trusted by what it signs for.
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@streams/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { issueLeaf, loadAuthority } from '../../src/tls/certificate-authority.ts';

const DAY_MS = 86_400_000;
const clock = new FakeClock();
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streams-ca-'));
});
afterEach(() => rm(directory, { recursive: true }));

it('is made at first start and loaded afterwards', async () => {
  const data = join(directory, 'deep', 'data');
  const made = await loadAuthority(data, clock);
  expect(await loadAuthority(data, clock)).toEqual(made);
  expect((await readdir(data)).toSorted()).toEqual(['ca-cert.pem', 'ca-key.pem']);
  expect((await stat(data)).mode & 0o777).toBe(0o700);
  expect((await stat(join(data, 'ca-key.pem'))).mode & 0o777).toBe(0o600);
});

it('lives 20 years, its leaf 90 days, both from yesterday', async () => {
  const authority = await loadAuthority(directory, clock);
  const leaf = await issueLeaf(authority, ['hub.example', '127.0.0.1', '[::1]'], clock);
  const [ca, cert] = [new X509Certificate(authority.cert), new X509Certificate(leaf.cert)];
  const daysFromNow = (date: string): number => Math.round((Date.parse(date) - clock.wallMs()) / DAY_MS);
  expect([daysFromNow(ca.validFrom), daysFromNow(ca.validTo)]).toEqual([-1, 7_300]);
  expect([daysFromNow(cert.validFrom), daysFromNow(cert.validTo)]).toEqual([-1, 90]);
  expect(ca.ca && !cert.ca && cert.verify(ca.publicKey)).toBe(true);
  expect(cert.checkHost('hub.example')).toBe('hub.example');
  expect(cert.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(cert.checkIP('::1')).toBe('::1');
  expect(cert.checkHost('other.example')).toBeUndefined();
});

it('names the directory that cannot be used', async () => {
  const file = join(directory, 'file');
  await writeFile(file, '');
  await expect(loadAuthority(file, clock)).rejects.toMatchObject({
    code: 'STREAMS_INVALID_ARGUMENT',
    details: { field: 'tls.dataDirectory' },
    message: expect.stringContaining(file),
  });
});

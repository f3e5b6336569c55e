// The hub's own CA: made once, kept with tight modes, and trusted by what it signs for.
import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@streams/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

describe('a CA on disk', () => {
  const [keyFile, certFile] = [(): string => join(directory, 'ca-key.pem'), (): string => join(directory, 'ca-cert.pem')];
  const refusal = async (code = 'STREAMS_INVALID_ARGUMENT'): Promise<string> => {
    const error: unknown = await loadAuthority(directory, clock).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, details: { field: 'tls.dataDirectory' } });
    return (error as Error).message;
  };
  beforeEach(() => loadAuthority(directory, clock));

  it('is refused while others can read its key, and taken when they cannot', async () => {
    for (const mode of [0o604, 0o640, 0o620]) {
      await chmod(keyFile(), mode);
      expect(await refusal('STREAMS_INVALID_CONFIGURATION')).toContain(`chmod 600 ${keyFile()}`);
    }
    await chmod(keyFile(), 0o600);
    await loadAuthority(directory, clock);
  });

  it.each([keyFile, certFile])('is never replaced where a half of it is missing', async (lost) => {
    const kept = lost === keyFile ? certFile : keyFile;
    const before = await readFile(kept(), 'utf8');
    await rm(lost());
    expect(await refusal()).toContain(`${lost()} is missing; bring it back from a backup`);
    expect(await readFile(kept(), 'utf8')).toBe(before);
  });

  it('is refused where a crash has emptied a file', async () => {
    await writeFile(certFile(), '');
    expect(await refusal()).toContain('expected a certificate in PEM');
  });
});

// Certificates in files: taken anew however they are replaced; what cannot serve changes nothing, and is said once.
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHub, type TlsFiles } from '@streams/hub';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { parseServiceConnectionString } from '@streams/protocol/internal';
import { type Certificate, certificateFor, FakeClock, leakCheck, RawPeer } from '@streams/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CertificateFiles } from '../../src/tls/certificate-files.ts';
import { connectTo, keepingLogger, replaceFile, serialAt, serialOf } from '../support/certificates.ts';
import { until } from '../support/streams.ts';

const POLL_MS = 10_000;
const leaks = leakCheck();
const [first, second] = [certificateFor('127.0.0.1'), certificateFor('127.0.0.1')];
let folder: string;
let files: TlsFiles;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streams-files-'));
  files = { keyFile: join(folder, 'tls.key'), certFile: join(folder, 'tls.crt') };
  await put(first);
});
afterEach(() => rm(folder, { recursive: true }));
afterAll(() => leaks.settled());

async function put({ key, cert }: Certificate): Promise<void> {
  await replaceFile(folder, 'tls.key', key);
  await replaceFile(folder, 'tls.crt', cert);
}

describe('a hub', () => {
  const logger = keepingLogger();
  let clock: FakeClock;
  let test: TestHub;
  beforeEach(async () => {
    logger.lines.length = 0;
    clock = new FakeClock();
    test = await startTestHub({ clock, logger, tls: files });
  });
  afterEach(async () => {
    await test.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('G6 keeps its pair while a new one is half there, says so, and takes it when it is whole; open connections stay', async () => {
    const peer = await RawPeer.connect({ port: test.port, tls: { host: '127.0.0.1', ca: first.cert } });
    await replaceFile(folder, 'tls.key', second.key);
    await clock.advance(POLL_MS);
    await until(() => logger.lines.length === 1);
    expect(logger.lines[0]).toMatchObject({
      level: 'warn',
      fields: { field: 'tls.keyFile', path: files.keyFile, serialNumber: serialOf(first.cert) },
      message: `the hub keeps the certificate that it has: tls.keyFile: ${files.keyFile}: the key does not belong to the certificate`,
    });
    expect(await serialAt(test.port)).toBe(serialOf(first.cert));

    await replaceFile(folder, 'tls.crt', second.cert);
    await clock.advance(POLL_MS);
    await until(() => logger.lines.length === 2);
    const validTo = new Date(new X509Certificate(second.cert).validTo).toISOString();
    expect(logger.lines[1]).toMatchObject({ level: 'info', fields: { serialNumber: serialOf(second.cert), validTo } });
    expect(await serialAt(test.port)).toBe(serialOf(second.cert));
    peer.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    expect((await peer.readHead()).status).toBe(200);
    peer.destroy();
  });

  it('G6 reloads at once when asked to, and rejects with what is wrong', async () => {
    await put(second);
    await test.hub.reloadCertificate();
    expect(await serialAt(test.port)).toBe(serialOf(second.cert));
    await rm(files.certFile);
    await expect(test.hub.reloadCertificate()).rejects.toMatchObject({
      code: 'STREAMS_INVALID_ARGUMENT',
      message: `tls.certFile: ${files.certFile}: cannot be read (ENOENT)`,
      details: { field: 'tls.certFile', path: files.certFile },
    });
    expect(await serialAt(test.port)).toBe(serialOf(second.cert));
    // Who has asked has heard of it, and it is not said again.
    await clock.advance(POLL_MS);
    expect(logger.lines.map(({ level }) => level)).toEqual(['info']);
    await test.close();
    await expect(test.hub.reloadCertificate()).rejects.toMatchObject({ code: 'STREAMS_INVALID_STATE' });
  });

  it('G1 offers no cipher after a reload that it refused before', async () => {
    const weak = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' } as const;
    await expect(connectTo(test.port, weak)).rejects.toThrow(/handshake failure/);
    await put(second);
    await test.hub.reloadCertificate();
    await expect(connectTo(test.port, weak)).rejects.toThrow(/handshake failure/);
  });
});

it('are read at listen, which rejects with what is wrong; the CA goes into connection strings', async () => {
  const tls = { ...files, caFile: join(folder, 'ca.crt') };
  await expect(startTestHub({ tls })).rejects.toMatchObject({ details: { field: 'tls.caFile', path: tls.caFile } });
  await writeFile(tls.caFile, first.cert);
  const test = await startTestHub({ tls });
  const pinned = async (): Promise<string | undefined> => parseServiceConnectionString(await test.serviceConnectionString()).caCertificate;
  expect(serialOf((await pinned()) ?? '')).toBe(serialOf(first.cert));
  await writeFile(tls.caFile, second.cert);
  await test.hub.reloadCertificate();
  expect(serialOf((await pinned()) ?? '')).toBe(serialOf(second.cert));
  await test.close();
});

it('are what a hub needs that is to reload: one that got its certificate as text says so', async () => {
  const test = await startTestHub();
  await expect(test.hub.reloadCertificate()).rejects.toMatchObject({
    code: 'STREAMS_INVALID_STATE',
    message: expect.stringContaining('tls.keyFile and tls.certFile'),
  });
  await test.close();
  const policies = [{ name: 'backend', keys: [randomBytes(32).toString('base64')], permissions: ['stream:create'] as const }];
  const silent = createHub({ hostNames: ['127.0.0.1'], policies, tls: files, logger: false });
  await expect(silent.reloadCertificate()).rejects.toMatchObject({ code: 'STREAMS_INVALID_STATE' });
  await silent.close();
});

describe('a look at the files', () => {
  const clock = new FakeClock();
  let source: CertificateFiles;
  beforeEach(async () => {
    source = new CertificateFiles(files, clock);
    await source.load();
  });

  it('sees a swapped link, as Kubernetes makes it', async () => {
    const volume = join(folder, 'volume');
    for (const [name, { key, cert }] of Object.entries({ v1: first, v2: second })) {
      await mkdir(join(volume, name), { recursive: true });
      await writeFile(join(volume, name, 'tls.key'), key, { mode: 0o600 });
      await writeFile(join(volume, name, 'tls.crt'), cert);
    }
    const point = async (version: string): Promise<void> => {
      await symlink(version, join(volume, '..data.new'));
      await rename(join(volume, '..data.new'), join(volume, '..data'));
    };
    await point('v1');
    for (const name of ['tls.key', 'tls.crt']) await symlink(join('..data', name), join(volume, name));
    const mounted = new CertificateFiles({ keyFile: join(volume, 'tls.key'), certFile: join(volume, 'tls.crt') }, clock);
    expect((await mounted.load()).cert).toBe(first.cert);
    await point('v2');
    expect((await mounted.newer())?.cert).toBe(second.cert);
    expect(await mounted.newer()).toBeUndefined();
  });

  it('sees nothing new where the same text has been written again', async () => {
    await put(first);
    expect(await source.newer()).toBeUndefined();
  });

  const locked = createPrivateKey(second.key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
    .toString();
  const half = (text: string): string => text.slice(0, text.length / 2);
  it.each([
    { what: 'an empty certificate', change: { cert: '' }, field: 'certFile', problem: 'is empty' },
    { what: 'an empty key', change: { key: '\n' }, field: 'keyFile', problem: 'is empty' },
    { what: 'half a certificate', change: { cert: half(second.cert) }, field: 'certFile', problem: 'expected a certificate in PEM' },
    { what: 'half a key', change: { key: half(second.key) }, field: 'keyFile', problem: 'expected a private key in PEM' },
    { what: 'half a chain', change: { cert: second.cert + half(first.cert) }, field: 'certFile', problem: 'TLS cannot use it' },
    { what: 'a locked key', change: { key: locked }, field: 'keyFile', problem: 'without a passphrase' },
    { what: 'a foreign key', change: { key: first.key }, field: 'keyFile', problem: 'the key does not belong to the certificate' },
    { what: 'an expired pair', change: certificateFor('127.0.0.1', -1), field: 'certFile', problem: 'the certificate expired on' },
  ])('refuses $what: once, with the path, without the key; and takes what is whole', async ({ change, field, problem }) => {
    const broken = { ...second, ...change };
    await put(broken);
    const path = files[field as keyof TlsFiles];
    const error = await source.newer().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: `tls.${field}`, path } });
    expect((error as Error).message).toContain(`tls.${field}: ${path}: `);
    expect((error as Error).message).toContain(problem);
    const shown = JSON.stringify([(error as Error).message, (error as Error).cause, String((error as Error).cause)]);
    for (const line of broken.key.split('\n').filter((text) => text.length > 20 && !text.startsWith('--')))
      expect(shown).not.toContain(line);
    expect(await source.newer()).toBeUndefined();
    await expect(source.load()).rejects.toMatchObject({ message: (error as Error).message });
    await put(second);
    expect((await source.newer())?.cert).toBe(second.cert);
  });

  it('says the same problem again after another change', async () => {
    for (const key of [certificateFor('127.0.0.1').key, second.key]) {
      await replaceFile(folder, 'tls.key', key);
      await expect(source.newer()).rejects.toThrow('does not belong');
      expect(await source.newer()).toBeUndefined();
    }
    await put(first);
    expect(await source.newer()).toBeUndefined();
    await replaceFile(folder, 'tls.key', second.key);
    await expect(source.newer()).rejects.toThrow('does not belong');
  });

  it.each([
    [0o640, 'root:ssl-cert of Debian, a secret of Kubernetes'],
    [0o644, undefined],
    [0o660, undefined],
  ])('takes a key that its group may read, not one that others may, nor one that its group may write: %o', async (mode, taken) => {
    await replaceFile(folder, 'tls.key', second.key, mode);
    await replaceFile(folder, 'tls.crt', second.cert);
    const looked = source.newer();
    if (taken) expect((await looked)?.cert).toBe(second.cert);
    else
      await expect(looked).rejects.toMatchObject({
        code: 'STREAMS_INVALID_CONFIGURATION',
        message: expect.stringMatching(/^tls\.keyFile: (\S+): can be read by others .*; run: chmod 640 \1$/),
      });
  });

  it('takes what openssl writes: parameters before the key, both in one file', async () => {
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const both = parameters + first.key + first.cert;
    await replaceFile(folder, 'both.pem', both);
    const one = new CertificateFiles({ keyFile: join(folder, 'both.pem'), certFile: join(folder, 'both.pem') }, clock);
    expect(await one.load()).toMatchObject({ key: both, cert: both });
  });
});

// The hub's own CA, made at first start and kept in its data directory, and the leaf certificates that it signs (design section 5).
import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { type Clock, createError, privacyProblem, StreamsError, type WireCode } from '@streams/protocol/internal';
import type { KeyPair } from '../http/server.ts';
import { writeWhole } from '../whole-file.ts';
import { problemOf } from './key-pair.ts';

const DAY_MS = 86_400_000;
const CA_LIFE_MS = 20 * 365 * DAY_MS;
export const LEAF_LIFE_MS: number = 90 * DAY_MS;
/** Clients whose clock is behind must not find a certificate of tomorrow. */
export const BACKDATED_MS: number = DAY_MS;
/** selfsigned's defaults are RSA and SHA-1, which OpenSSL 3 refuses. */
const EC = { keyType: 'ec', algorithm: 'sha256' } as const;

/**
 * Loads the CA of a data directory, or makes it there: directory 0700, key 0600.
 * @throws `STREAMS_INVALID_ARGUMENT` for a directory that cannot be used, a CA of which a part is missing or broken;
 * `STREAMS_INVALID_CONFIGURATION` for a key that others can read.
 */
export async function loadAuthority(dataDirectory: string, clock: Clock): Promise<KeyPair> {
  const [keyFile, certFile] = [join(dataDirectory, 'ca-key.pem'), join(dataDirectory, 'ca-cert.pem')];
  try {
    const [key, cert] = [await read(keyFile), await read(certFile)];
    if (key !== undefined && cert !== undefined) return await usable({ key, cert }, keyFile, clock);
    if (key !== undefined || cert !== undefined) refuse(`${key === undefined ? keyFile : certFile} is missing; ${REMEDY}`);
    await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
    await chmod(dataDirectory, 0o700);
    const made = await makeAuthority(clock);
    await writeWhole(keyFile, made.key, 0o600);
    await writeWhole(certFile, made.cert, 0o644);
    return made;
  } catch (cause) {
    if (StreamsError.is(cause)) throw cause;
    return refuse(`cannot keep the hub's CA in ${dataDirectory}: ${(cause as Error).message}`, cause);
  }
}

/** Signs a certificate for the hub's host names. */
export async function issueLeaf(authority: KeyPair, hostNames: readonly string[], clock: Clock): Promise<KeyPair> {
  const altNames = hostNames.map((name) => altName(name.replace(/^\[|\]$/g, '')));
  // Loaded only by hubs that have no certificate of their own: the garbage collector pays for a large heap with each relayed MiB.
  const { generate } = await import('selfsigned');
  const leaf = await generate([{ name: 'commonName', value: hostNames[0] ?? 'hub' }], {
    ...EC,
    ...period(clock, LEAF_LIFE_MS),
    ca: authority,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  });
  return { key: leaf.private, cert: leaf.cert };
}

/** A new CA instead of a broken one would cut off every client that pins the old one. */
const REMEDY = 'bring it back from a backup, or remove both files for a new CA: then every client needs a new connection string';

async function usable(authority: KeyPair, keyFile: string, clock: Clock): Promise<KeyPair> {
  const wrong = problemOf(authority, clock.wallMs());
  if (wrong) refuse(`the CA beside ${keyFile} is broken: ${wrong.problem}; ${REMEDY}`, wrong.cause);
  const exposed = privacyProblem(keyFile, (await stat(keyFile)).mode, 'nobody');
  if (exposed !== undefined) refuse(`${keyFile} ${exposed}`, undefined, 'INVALID_CONFIGURATION');
  return authority;
}

function refuse(problem: string, cause?: unknown, code: WireCode = 'INVALID_ARGUMENT'): never {
  throw createError(code, { message: `tls.dataDirectory: ${problem}`, details: { field: 'tls.dataDirectory' }, cause });
}

async function makeAuthority(clock: Clock): Promise<KeyPair> {
  const { generate } = await import('selfsigned');
  const authority = await generate([{ name: 'commonName', value: 'device streams hub CA' }], {
    ...EC,
    ...period(clock, CA_LIFE_MS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { key: authority.private, cert: new X509Certificate(authority.cert).toString() };
}

function period(clock: Clock, lifeMs: number): { notBeforeDate: Date; notAfterDate: Date } {
  const now = clock.wallMs();
  return { notBeforeDate: new Date(now - BACKDATED_MS), notAfterDate: new Date(now + lifeMs) };
}

function altName(name: string): { type: 2; value: string } | { type: 7; ip: string } {
  const address = name.replace(/^\[(.*)\]$/, '$1');
  return isIP(address) === 0 ? { type: 2, value: name } : { type: 7, ip: address };
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

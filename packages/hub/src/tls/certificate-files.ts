// Key and certificate in files of the operator's, taken anew when their content has changed (docs/adr/0004-certificates.md).
import { open } from 'node:fs/promises';
import { type Clock, createError, privacyProblem } from '@streams/protocol/internal';
import type { TlsFiles } from '../config/schema.ts';
import type { CertificateSource, ServerIdentity } from './certificates.ts';
import { certificateOf, problemOf } from './key-pair.ts';

const CHECK_EVERY_MS = 10_000;

/** A file as it was read, or why it could not be. */
interface Read {
  readonly field: keyof TlsFiles;
  readonly path: string;
  readonly text: string;
  /** Why it cannot be taken. */
  readonly problem?: string | undefined;
  readonly cause?: unknown;
  /** True if it can be read by those who should not. */
  readonly isExposed?: boolean;
}

/** Reads the files rather than their times: that sees through renames, links, network file systems and copies that keep the time. */
export class CertificateFiles implements CertificateSource {
  readonly checkEveryMs: number = CHECK_EVERY_MS;
  readonly #files: TlsFiles;
  readonly #clock: Clock;
  #inForce = '';
  #refused = '';

  constructor(files: TlsFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  async load(): Promise<ServerIdentity> {
    return this.#accept(await this.#read());
  }

  /** Throws once for each content that cannot serve, `load` included: the two files of a pair change one after the other. */
  async newer(): Promise<ServerIdentity | undefined> {
    const files = await this.#read();
    const content = contentOf(files);
    if (content === this.#inForce) this.#refused = '';
    if (content === this.#inForce) return undefined;
    const known = this.#refused;
    try {
      // Judged each time, because the clock has a say in it; but said once.
      return this.#accept(files);
    } catch (error) {
      if (content === known) return undefined;
      throw error;
    }
  }

  #read(): Promise<Read[]> {
    const { keyFile, certFile, caFile } = this.#files;
    const files = [readOne('keyFile', keyFile), readOne('certFile', certFile)];
    return Promise.all(caFile === undefined ? files : [...files, readOne('caFile', caFile)]);
  }

  #accept(files: readonly Read[]): ServerIdentity {
    this.#refused = contentOf(files);
    const identity = identityOf(files, this.#clock.wallMs());
    this.#inForce = this.#refused;
    this.#refused = '';
    return identity;
  }
}

async function readOne(field: keyof TlsFiles, path: string): Promise<Read> {
  try {
    await using handle = await open(path);
    const { mode } = await handle.stat();
    const problem = field === 'keyFile' ? privacyProblem(path, mode, 'group') : undefined;
    return { field, path, text: await handle.readFile('utf8'), problem, isExposed: problem !== undefined };
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    return { field, path, text: '', problem: `cannot be read (${code ?? message})`, cause };
  }
}

function contentOf(files: readonly Read[]): string {
  return files.map(({ text, problem }) => problem ?? text).join('\0');
}

function identityOf(files: readonly Read[], nowMs: number): ServerIdentity {
  for (const file of files) {
    if (file.problem !== undefined) refuse(file, file.problem, file.cause);
    if (file.text.trim() === '') refuse(file, 'is empty');
  }
  const [key, cert, ca] = files as [Read, Read, Read?];
  const wrong = problemOf({ key: key.text, cert: cert.text }, nowMs);
  if (wrong) refuse(wrong.part === 'key' ? key : cert, wrong.problem, wrong.cause);
  const caCertificate = ca && (certificateOf(ca.text) ?? refuse(ca, 'expected a certificate in PEM'));
  return { key: key.text, cert: cert.text, caCertificate };
}

function refuse({ field, path, isExposed = false }: Read, problem: string, cause?: unknown): never {
  const details = { field: `tls.${field}`, path };
  const code = isExposed ? 'INVALID_CONFIGURATION' : 'INVALID_ARGUMENT';
  throw createError(code, { message: `tls.${field}: ${path}: ${problem}`, details, cause });
}

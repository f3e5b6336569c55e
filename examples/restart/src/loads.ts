// The loads: what each of them runs, and what stands in where a program is missing.
import assert from 'node:assert/strict';
import { createHash, randomFillSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { CHROMIUM, startBrowser, startDownload } from '../../../test/support/browser.ts';
import type { LargeFile } from '../../../test/support/large-file.ts';
import { hasPostgres } from '../../../test/support/postgres.ts';
import { hashOf, needs, run, type Scratch } from '../../../test/support/programs.ts';
import { type Sshd, USER } from '../../../test/support/sshd.ts';
import type { Closing } from './closing.ts';
import { Dialogue } from './dialogue.ts';
import { DEVICE, type Parties } from './parties.ts';
import { CONNECT, environment } from './streams.ts';
import { complaintOf, Transfer } from './transfer.ts';

const PSQL = '/usr/bin/psql';
const CURL = '/usr/bin/curl';
const CHUNK_BYTES = 2 ** 24;
/** Of one answer of psql: 165 kB, so that some of it is on its way when the hub dies. */
const ROWS = 5_000;

/** What this machine has. */
export const hasPsql: boolean = hasPostgres() && existsSync(PSQL);
export const hasChromium: boolean = existsSync(CHROMIUM);

/** What they have in common. */
export interface Scene {
  readonly scratch: Scratch;
  readonly closing: Closing;
  readonly parties: Parties;
}

/** A file of random bytes, copied by scp at a pace. */
export async function startScp(
  { scratch, parties }: Scene,
  sshd: Sshd,
  size: { bytes: number; bytesPerSecond: number },
): Promise<Transfer> {
  const original = scratch.file('original');
  await writeRandom(original, size.bytes);
  const folder = await makeFolder(scratch, 'copies');
  const pace = ['-l', String(Math.round((size.bytesPerSecond * 8) / 1_000))];
  const where = ['-P', `${parties.ports.get('ssh')}`, original, `${USER}@127.0.0.1:${folder}/copy`];
  const copied = run(needs('/usr/bin/scp', 'openssh-client'), [...sshd.options, ...pace, ...where]);
  return new Transfer('scp', { folder, complaint: copied.then(complaintOf), sha256: () => hashOf(original) });
}

/** The device's large file, in Chromium; in curl where there is none. */
export async function startDownloading({ scratch, closing, parties }: Scene, file: LargeFile): Promise<Transfer> {
  const folder = await makeFolder(scratch, 'downloads');
  const url = `http://127.0.0.1:${parties.ports.get('web')}/`;
  const sha256 = (): string => {
    assert.equal(file.requests, 1, `the file was asked for ${file.requests} times`);
    return file.sha256;
  };
  if (!hasChromium) {
    const downloaded = run(needs(CURL, 'curl'), ['-sS', '-o', `${folder}/file`, `${url}file`]);
    return new Transfer('curl', { folder, complaint: downloaded.then(complaintOf), sha256 });
  }
  const browser = closing.add(await startBrowser(folder), (each) => each.close());
  const download = await startDownload(browser, url);
  const complaint = download.failure().then(
    (failure) => failure ?? '',
    (error: unknown) => String(error),
  );
  return new Transfer('Chromium', { folder, complaint, sha256 });
}

/** A session of psql; its own sequence counts what it is asked. */
export function startPsql({ closing, parties }: Scene): Dialogue {
  const address = ['-h', '127.0.0.1', '-p', `${parties.ports.get('sql')}`, '-U', 'postgres', '-d', 'postgres'];
  const psql = new Dialogue('psql', [PSQL, ...address, '-XqAt', '-v', 'ON_ERROR_STOP=1'], process.env, (n) => ({
    question: `${n === 0 ? 'CREATE TEMP SEQUENCE asked; ' : ''}SELECT nextval('asked'); ${rows(n)}\n`,
    answer: `${n + 1}\n${Array.from({ length: ROWS }, (_, row) => `${md5(`${n} ${row}`)}\n`).join('')}`,
  }));
  return closing.add(psql, (each) => each.kill());
}

function rows(n: number): string {
  return `SELECT md5('${n} ' || row) FROM generate_series(0, ${ROWS - 1}) row;`;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

/** A login that gives back each line that is typed. */
export function startLogin({ closing, parties }: Scene, sshd: Sshd): Dialogue {
  const command = [...sshd.options, '-o', `ProxyCommand=${CONNECT} ${DEVICE} ssh`, `${USER}@${DEVICE}`, 'cat'];
  const login = new Dialogue('ssh', [needs('/usr/bin/ssh', 'openssh-client'), ...command], environment(parties.desk), (n) => ({
    question: `line ${n}\n`,
    answer: `line ${n}\n`,
  }));
  return closing.add(login, (each) => each.kill());
}

async function makeFolder(scratch: Scratch, name: string): Promise<string> {
  await mkdir(scratch.file(name));
  return scratch.file(name);
}

async function writeRandom(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'wx');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let left = bytes; left > 0; left -= chunk.length) await file.write(randomFillSync(chunk.subarray(0, Math.min(left, chunk.length))));
  await file.close();
}

// What outlives deaths of the hub: a session of psql, one connection, one transaction, nothing on its standard error; a browser's download.
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Browser, startBrowser, startDownload } from '../../../../test/support/browser.ts';
import { LargeFile } from '../../../../test/support/large-file.ts';
import { hashOf, needs, Scratch, type Server, sizeOf, until } from '../../../../test/support/programs.ts';
import { Running } from '../../../../test/support/running.ts';
import { startPostgres } from '../../../../test/support/postgres.ts';
import { Tunnel } from './support/tunnel.ts';

const RESTARTS = 5;
/** 10 MB of text, so that some of it is on its way when the hub dies. */
const ROWS = 'SELECT repeat(md5(n::text), 10) FROM generate_series(1, 30000) n;\n';

const MIB = 2 ** 20;
const FILE_BYTES = 96 * MIB;

let scratch: Scratch;
let postgres: Server;
let file: LargeFile;
let tunnel: Tunnel;
let browser: Browser;

beforeAll(async () => {
  scratch = await Scratch.make();
  postgres = await startPostgres(scratch);
  file = await LargeFile.serve({ bytes: FILE_BYTES, bytesPerSecond: 16 * MIB });
  await mkdir(scratch.file('downloads'));
  browser = await startBrowser(scratch.file('downloads'));
});
// For each its own: a device that has lost its hub often within a minute waits longer and longer before it dials again.
beforeEach(async () => {
  tunnel = await Tunnel.start({ services: { sql: `127.0.0.1:${postgres.port}`, web: `127.0.0.1:${file.port}` } });
});
afterEach(() => tunnel?.stop());
afterAll(async () => {
  await browser?.close();
  file?.close();
  await postgres?.stop();
  await scratch?.remove();
});

it('psql: every answer comes, though the hub is killed five times', { timeout: 120_000 }, async () => {
  const program = needs('/usr/bin/psql', 'postgresql-client');
  const args = ['-h', '127.0.0.1', '-p', `${tunnel.port('sql')}`, '-U', 'postgres', '-qAt', '-v', 'ON_ERROR_STOP=1'];
  const psql = new Running(spawn(program, args, { stdio: 'pipe' }));
  psql.child.stdin?.write("BEGIN; CREATE TABLE t (n integer); SELECT 'begun';\n");
  await psql.prints(/^begun$/m);
  let longestMs = 0;
  for (let n = 1; n <= RESTARTS; n += 1) {
    const startMs = performance.now();
    psql.child.stdin?.write(`${ROWS}INSERT INTO t VALUES (${n}) RETURNING 'row ' || n;\n`);
    await tunnel.hub.stop('SIGKILL');
    await tunnel.startHub();
    await psql.prints(new RegExp(`^row ${n}$`, 'm'));
    longestMs = Math.max(longestMs, performance.now() - startMs);
  }
  psql.child.stdin?.end("COMMIT; SELECT 'sum ' || sum(n) FROM t;\n");
  const { code, stdout, stderr } = await psql.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^sum 15$/m);
  expect(stdout.match(/^[0-9a-f]{320}$/gm)).toHaveLength(RESTARTS * 30_000);
  console.log(`psql: the longest pause was ${(longestMs / 1_000).toFixed(1)} s`);
});

it('Chromium: a download comes whole, asked for once, though the hub is killed twice', async () => {
  const download = await startDownload(browser, `http://127.0.0.1:${tunnel.port('web')}/`);
  for (const part of [1 / 4, 1 / 2]) {
    await until(`${part} of the file is there`, () => sizeOf(scratch.file('downloads')) > part * FILE_BYTES);
    await tunnel.hub.stop('SIGKILL');
    await tunnel.startHub();
  }
  expect(sizeOf(scratch.file('downloads'))).toBeLessThan(FILE_BYTES);
  expect(await download.failure()).toBeNull();
  expect(await hashOf(await download.path())).toBe(file.sha256);
  expect(file.requests).toBe(1);
});

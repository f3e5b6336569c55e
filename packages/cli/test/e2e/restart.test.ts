// A session of psql that outlives five deaths of the hub: one connection, one transaction, and nothing on its standard error.
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { needs, Scratch, type Server } from '../../../../test/support/programs.ts';
import { Running } from '../../../../test/support/running.ts';
import { startPostgres } from './support/postgres.ts';
import { Tunnel } from './support/tunnel.ts';

const RESTARTS = 5;
/** 10 MB of text, so that some of it is on its way when the hub dies. */
const ROWS = 'SELECT repeat(md5(n::text), 10) FROM generate_series(1, 30000) n;\n';

let scratch: Scratch;
let postgres: Server;
let tunnel: Tunnel;

beforeAll(async () => {
  scratch = await Scratch.make();
  postgres = await startPostgres(scratch);
  tunnel = await Tunnel.start({ services: { sql: `127.0.0.1:${postgres.port}` } });
});
afterAll(async () => {
  await tunnel?.stop();
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

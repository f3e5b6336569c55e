// PostgreSQL and Redis with their own clients and benchmarks.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres } from '../../../../test/support/postgres.ts';
import { freePort, needs, type Output, run, Scratch, type Server, startServer } from '../../../../test/support/programs.ts';
import { Tunnel } from './support/tunnel.ts';

const MIB = 2 ** 20;

let scratch: Scratch;
let postgres: Server;
let redis: Server;
let tunnel: Tunnel;

beforeAll(async () => {
  scratch = await Scratch.make();
  postgres = await startPostgres(scratch);
  redis = await startRedis();
  tunnel = await Tunnel.start({ services: { sql: `127.0.0.1:${postgres.port}`, cache: `127.0.0.1:${redis.port}` } });
});
afterAll(async () => {
  await tunnel?.stop();
  await postgres?.stop();
  await redis?.stop();
  await scratch?.remove();
});

/** Writes nothing to disk. */
async function startRedis(): Promise<Server> {
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', scratch.path];
  return startServer({ program: needs('/usr/bin/redis-server', 'redis-server'), args, port });
}

function overSql(program: string, ...args: string[]): Promise<Output> {
  const path = needs(`/usr/bin/${program}`, 'postgresql-client');
  return run(path, ['-h', '127.0.0.1', '-p', `${tunnel.port('sql')}`, '-U', 'postgres', ...args]);
}

function overCache(program: string, ...args: string[]): Promise<Output> {
  return run(needs(`/usr/bin/${program}`, 'redis-tools'), ['-h', '127.0.0.1', '-p', `${tunnel.port('cache')}`, ...args]);
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

it('psql: a result of 10 MB is the one that the server made', async () => {
  const made = await overSql('psql', '-qAt', '-c', 'CREATE TABLE t AS SELECT n, md5(n::text) AS h FROM generate_series(1, 250000) n');
  expect(made).toEqual({ code: 0, stdout: '', stderr: '' });
  const rows = await overSql('psql', '-qAt', '-c', 'SELECT n, h FROM t ORDER BY n');
  const expected = await overSql('psql', '-qAt', '-c', "SELECT md5(string_agg(n || '|' || h, E'\\n' ORDER BY n) || E'\\n') FROM t");
  expect(rows.stdout.length).toBeGreaterThan(9e6);
  expect(md5(rows.stdout)).toBe(expected.stdout.trim());
});

it('pgbench: 8 clients, 2,000 transactions, all of them committed', async () => {
  expect(await overSql('pgbench', '-i', '-q', '-s', '1', 'postgres')).toMatchObject({ code: 0 });
  const { code, stdout } = await overSql('pgbench', '-c', '8', '-j', '2', '-t', '250', 'postgres');
  expect(code).toBe(0);
  expect(stdout).toContain('number of transactions actually processed: 2000/2000');
  expect(stdout).toMatch(/number of failed transactions: 0 /);
  const history = await overSql('psql', '-qAt', '-c', 'SELECT count(*) FROM pgbench_history');
  expect(history.stdout).toBe('2000\n');
  console.log(/latency average.*\n/.exec(stdout)?.[0].trim(), /tps.*/.exec(stdout)?.[0]);
});

it('redis-cli: a value of 1 MiB, set at the server and read through the tunnel', async () => {
  const fill = "return redis.call('SET', 'large', string.rep('x', 1048576))";
  expect(await overCache('redis-cli', 'EVAL', fill, '0')).toMatchObject({ code: 0, stdout: 'OK\n' });
  const { stdout } = await overCache('redis-cli', 'GET', 'large');
  expect(stdout).toBe(`${'x'.repeat(MIB)}\n`);
});

it('redis-benchmark: 50 clients, 20,000 commands of each kind, none lost', async () => {
  const { code, stdout, stderr } = await overCache('redis-benchmark', '-t', 'incr,lpush', '-n', '20000', '-c', '50', '-P', '8', '-q');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/INCR: [\d.]+ requests per second/);
  expect(await overCache('redis-cli', 'GET', 'counter:__rand_int__')).toMatchObject({ stdout: '20000\n' });
  expect(await overCache('redis-cli', 'LLEN', 'mylist')).toMatchObject({ stdout: '20000\n' });
  console.log(stdout.match(/(INCR|LPUSH): [\d.]+ requests per second[^\r\n]*/g)?.join('; '));
});

// Redis through both proxies: many clients at once, pipelined commands, and a value of some size.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectNoLeaks } from '../support/rig.ts';
import { startTunnel, type Tunnel } from '../support/tunnel.ts';
import { needs, type Output, run, type RunningServer, startRedis } from '../../../../test/support/programs.ts';

expectNoLeaks();

let redis: RunningServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

function through(tunnel: Tunnel, program: string, ...args: string[]): Promise<Output> {
  return run(needs(program, 'redis-server'), ['-h', '127.0.0.1', '-p', `${tunnel.serviceProxy.forwards[0]?.port}`, ...args]);
}

it('redis-cli: a value of 1 MiB, set at the server and read through the tunnel', async () => {
  const tunnel = await startTunnel(`127.0.0.1:${redis.port}`);
  const fill = "return redis.call('SET', 'large', string.rep('x', 1048576))";
  expect(await through(tunnel, '/usr/bin/redis-cli', 'EVAL', fill, '0')).toMatchObject({ code: 0, stdout: 'OK\n' });
  const { stdout } = await through(tunnel, '/usr/bin/redis-cli', 'GET', 'large');
  expect(stdout).toBe(`${'x'.repeat(2 ** 20)}\n`);
});

it('redis-benchmark: 20 clients, 20,000 commands of each kind, none lost', async () => {
  const tunnel = await startTunnel(`127.0.0.1:${redis.port}`);
  const args = ['-t', 'incr,lpush', '-n', '20000', '-c', '20', '-P', '8', '-q'];
  const { code, stdout, stderr } = await through(tunnel, '/usr/bin/redis-benchmark', ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/INCR: [\d.]+ requests per second/);
  expect(await through(tunnel, '/usr/bin/redis-cli', 'GET', 'counter:__rand_int__')).toMatchObject({ stdout: '20000\n' });
  expect(await through(tunnel, '/usr/bin/redis-cli', 'LLEN', 'mylist')).toMatchObject({ stdout: '20000\n' });
});

// OpenSSH through both proxies: a command, files each way, and logins side by side.
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@streams/protocol/internal';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectNoLeaks } from '../support/rig.ts';
import { startTunnel, type Tunnel } from '../support/tunnel.ts';
import { needs, type Output, run, type RunningServer, startSshd } from '../../../../test/support/programs.ts';

expectNoLeaks();

const MIB = 2 ** 20;
let sshd: RunningServer;

beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

function tunnelToSshd(): Promise<Tunnel> {
  return startTunnel(`127.0.0.1:${sshd.port}`, { names: ['tcp'] });
}

/** Options for ssh and scp alike: the test's key alone, and nothing of the user's own files. */
function optionsFor(): string[] {
  const settings = [
    'StrictHostKeyChecking=no',
    `UserKnownHostsFile=${join(sshd.directory, 'known')}`,
    'IdentitiesOnly=yes',
    'BatchMode=yes',
  ];
  return ['-F', '/dev/null', '-i', join(sshd.directory, 'id'), ...settings.flatMap((setting) => ['-o', setting])];
}

function ssh(tunnel: Tunnel, ...command: string[]): Promise<Output> {
  const program = needs('/usr/bin/ssh', 'openssh-client');
  const [forward] = tunnel.serviceProxy.forwards;
  return run(program, [...optionsFor(), '-p', `${forward?.port}`, `${userInfo().username}@127.0.0.1`, ...command]);
}

async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

it('a command: its output, its errors, its exit code', async () => {
  const tunnel = await tunnelToSshd();
  const output = await ssh(tunnel, 'echo out; echo err >&2; exit 7');
  expect(output).toMatchObject({ code: 7, stdout: 'out\n' });
  expect(output.stderr).toContain('err\n');
});

it('two logins at once', async () => {
  const tunnel = await tunnelToSshd();
  // Each waits for the file of the other, so neither can go first.
  const [a, b] = ['a', 'b'].map((name) => join(sshd.directory, name)) as [string, string];
  const meet = (own: string, other: string): string => `touch ${own}; while [ ! -e ${other} ]; do sleep 0.05; done; echo met`;
  const outputs = await Promise.all([ssh(tunnel, meet(a, b)), ssh(tunnel, meet(b, a))]);
  expect(outputs).toMatchObject([
    { code: 0, stdout: 'met\n' },
    { code: 0, stdout: 'met\n' },
  ]);
});

it('64 MiB each way with scp', async () => {
  const scp = needs('/usr/bin/scp', 'openssh-client');
  const tunnel = await tunnelToSshd();
  const file = (name: string): string => join(sshd.directory, name);
  await writeFile(file('original'), randomBytes(64 * MIB));
  const args = [...optionsFor(), '-P', `${tunnel.serviceProxy.forwards[0]?.port}`];
  const remote = (name: string): string => `${userInfo().username}@127.0.0.1:${file(name)}`;
  const startMs = systemClock.monotonicMs();
  expect(await run(scp, [...args, file('original'), remote('there')])).toMatchObject({ code: 0 });
  expect(await run(scp, [...args, remote('there'), file('back')])).toMatchObject({ code: 0 });
  expect(systemClock.monotonicMs() - startMs).toBeLessThan(60_000);
  const expected = await hashOf(file('original'));
  expect([await hashOf(file('there')), await hashOf(file('back'))]).toEqual([expected, expected]);
}, 90_000);

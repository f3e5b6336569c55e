// OpenSSH's client and server, through the commands: every way to log in, and what ssh carries besides.
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { freePort, hashOf, needs, type Output, run, startServer } from '../../../../test/support/programs.ts';
import { USER } from '../../../../test/support/sshd.ts';
import { SshTunnel } from './support/ssh-tunnel.ts';

const SSH = needs('/usr/bin/ssh', 'openssh-client');

const at = new SshTunnel();

it('streams connect to a service that the device does not have: ssh ends with 255, and the reason is said', async () => {
  expect(await at.overConnect(['true'], '', 'telnet')).toMatchObject({
    code: 255,
    stderr: expect.stringMatching(/^streams: STREAMS_STREAM_REJECTED: .*no service telnet here; there are: ssh; /m),
  });
});

describe.each([
  ['streams proxy', at.overProxy, /^\[127\.0\.0\.1\]:\d+ ssh-ed25519 \S+\n$/],
  // By the device's id, so that no device is taken for another.
  ['streams connect as ProxyCommand', at.overConnect, /^pump-7 ssh-ed25519 \S+\n$/],
  ['streams ssh', at.overStreamsSsh, /^pump-7 ssh-ed25519 \S+\n$/],
])('%s', (_name, ssh, knownAs) => {
  it('a command gives its output, its errors and its exit code, and the host is known by its name', async () => {
    await rm(at.scratch.file('known'), { force: true });
    const output = await ssh(['cat; echo err >&2; exit 7'], 'in\n');
    expect(output).toEqual({ code: 7, stdout: 'in\n', stderr: 'err\n' });
    expect(await readFile(at.scratch.file('known'), 'utf8')).toMatch(knownAs);
  });

  it('a terminal, as a person gets it', async () => {
    const { code, stdout } = await ssh(['-tt', 'tty; stty size; exit 3']);
    expect(stdout).toMatch(/^\/dev\/pts\/\d+\r\n\d+ \d+\r\n/);
    expect(code).toBe(3);
  });

  it('16 MiB of standard input come back as standard output', async () => {
    const text = randomBytes(2 ** 23).toString('hex');
    const { code, stdout, stderr } = await ssh(['cat; exit 5'], text);
    expect({ code, stderr, equal: stdout === text }).toEqual({ code: 5, stderr: '', equal: true });
  });

  it('two logins at once', async () => {
    // Each waits for the file of the other, so neither can go first.
    const meet = (own: string, other: string): string => `touch ${own}; while [ ! -e ${other} ]; do sleep 0.05; done; echo met`;
    const [a, b] = [at.scratch.file(`a${ssh.name}`), at.scratch.file(`b${ssh.name}`)];
    const outputs = await Promise.all([ssh([meet(a, b)]), ssh([meet(b, a)])]);
    expect(outputs).toMatchObject([
      { code: 0, stdout: 'met\n' },
      { code: 0, stdout: 'met\n' },
    ]);
  });
});

it('ssh -L: curl reaches a web server of the device through the login', async () => {
  const curl = needs('/usr/bin/curl', 'curl');
  const page = randomBytes(2 ** 20);
  const server = createServer((_request, response) => response.end(page)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = await freePort();
  const forward = `127.0.0.1:${port}:127.0.0.1:${(server.address() as AddressInfo).port}`;
  const args = [...at.sshd.options, '-p', `${at.tunnel.port('ssh')}`, '-o', 'ExitOnForwardFailure=yes', '-N', '-L', forward];
  const login = await startServer({ program: SSH, args: [...args, `${USER}@127.0.0.1`], port });
  try {
    const output = await run(curl, [
      '-sS',
      '-o',
      at.scratch.file('page'),
      '-w',
      '%{http_code} %{size_download}',
      `http://127.0.0.1:${port}/`,
    ]);
    expect(output).toEqual({ code: 0, stdout: `200 ${page.length}`, stderr: '' });
    await writeFile(at.scratch.file('expected'), page);
    expect(await hashOf(at.scratch.file('page'))).toBe(await hashOf(at.scratch.file('expected')));
  } finally {
    await login.stop();
    server.close();
  }
});

it('rsync: a tree of 200 files there and back, and only what has changed the second time', async () => {
  const rsync = needs('/usr/bin/rsync', 'rsync');
  await makeTree();
  const remote = (path: string): string => `${USER}@127.0.0.1:${at.scratch.file(path)}/`;
  const command = [SSH, ...at.sshd.options, '-p', `${at.tunnel.port('ssh')}`].join(' ');
  const copy = (from: string, to: string): Promise<Output> => run(rsync, ['-a', '--stats', '-e', command, from, to]);
  expect(await copy(`${at.scratch.file('tree')}/`, remote('there'))).toMatchObject({ code: 0, stderr: '' });
  expect(await copy(remote('there'), `${at.scratch.file('back')}/`)).toMatchObject({ code: 0, stderr: '' });
  expect(await run('/usr/bin/diff', ['-r', at.scratch.file('tree'), at.scratch.file('back')])).toEqual({ code: 0, stdout: '', stderr: '' });

  await writeFile(at.scratch.file('tree/3/7'), 'changed');
  const { stdout } = await copy(`${at.scratch.file('tree')}/`, remote('there'));
  expect(stdout).toContain('Number of regular files transferred: 1\n');
});

async function makeTree(): Promise<void> {
  for (let folder = 0; folder < 10; folder += 1) {
    await mkdir(at.scratch.file(`tree/${folder}`), { recursive: true });
    for (let file = 0; file < 20; file += 1) await writeFile(at.scratch.file(`tree/${folder}/${file}`), randomBytes(file * 1000));
  }
}

it('sftp: a batch of commands', async () => {
  const sftp = needs('/usr/bin/sftp', 'openssh-client');
  await writeFile(at.scratch.file('up'), randomBytes(3_000_000));
  const batch = [
    'mkdir sub',
    'cd sub',
    `put ${at.scratch.file('up')} one`,
    'rename one two',
    `get two ${at.scratch.file('down')}`,
    'rm two',
    'cd ..',
    'rmdir sub',
  ];
  const args = [...at.sshd.options, '-P', `${at.tunnel.port('ssh')}`, '-b', '-', `${USER}@127.0.0.1:${at.scratch.path}`];
  const { code, stderr } = await run(sftp, args, { input: batch.join('\n') });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(await hashOf(at.scratch.file('down'))).toBe(await hashOf(at.scratch.file('up')));
});

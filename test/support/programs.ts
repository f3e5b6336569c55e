// Programs of Debian that a test runs: servers that it starts for itself, and commands whose output it wants.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** A server that runs on a port of its own. */
export interface RunningServer {
  readonly port: number;
  /** For its files, and for those of the test. */
  readonly directory: string;
  stop(): Promise<void>;
}

/** Fails with what is to be installed. */
export function needs(program: string, debianPackage: string): string {
  assert(existsSync(program), `${program} is missing: apt-get install ${debianPackage}`);
  return program;
}

/** What a command has printed. */
export interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function run(program: string, args: readonly string[]): Promise<Output> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([
    child.stdout.toArray(),
    child.stderr.toArray(),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

/** An OpenSSH server that knows one key of the current user: the file `id` of its directory. */
export async function startSshd(): Promise<RunningServer> {
  const program = needs('/usr/sbin/sshd', 'openssh-server');
  const keygen = needs('/usr/bin/ssh-keygen', 'openssh-client');
  const directory = await mkdtemp(join(tmpdir(), 'streams-sshd-'));
  const file = (name: string): string => join(directory, name);
  for (const name of ['host', 'id']) await run(keygen, ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
  await writeFile(file('authorized'), await readFile(file('id.pub')));
  await chmod(file('authorized'), 0o600);
  // As root it insists on an empty directory to lock itself into.
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true });
  const port = await freePort();
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${file('host')}`,
    `AuthorizedKeysFile ${file('authorized')}`,
    `PidFile ${file('pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'Subsystem sftp internal-sftp',
  ];
  await writeFile(file('config'), `${config.join('\n')}\n`);
  return start(program, ['-D', '-e', '-f', file('config')], directory, port);
}

/** A Redis that writes nothing to disk. */
export async function startRedis(): Promise<RunningServer> {
  const program = needs('/usr/bin/redis-server', 'redis-server');
  const directory = await mkdtemp(join(tmpdir(), 'streams-redis-'));
  const port = await freePort();
  return start(program, ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', directory], directory, port);
}

async function start(program: string, args: string[], directory: string, port: number): Promise<RunningServer> {
  const child = spawn(program, args, { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await listens(child, port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, directory, stop };
}

/** Waits until the server takes connections. */
async function listens(child: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await isOpen(port))) {
    assert(child.exitCode === null, `${child.spawnfile} has ended with ${child.exitCode}`);
    assert(performance.now() < deadline, `${child.spawnfile} does not listen on ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

// Programs of Debian that a test runs: servers that it starts for itself, and commands whose output it wants.
import assert from 'node:assert/strict';
import { createHash, randomInt } from 'node:crypto';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

/** Who a program runs as, where it refuses to run as root. */
interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface RunOptions {
  readonly user?: User | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Buffer;
}

/** Runs a command to its end. */
export async function run(program: string, args: readonly string[], { env, input = '', user }: RunOptions = {}): Promise<Output> {
  const child = spawn(program, args, { stdio: 'pipe', env: { ...process.env, ...env }, ...user });
  // One that has ended no longer reads.
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    child.stdout.toArray(),
    child.stderr.toArray(),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

/** A server that runs on a port of its own. */
export interface Server {
  readonly port: number;
  readonly child: ChildProcess;
  /** Ends it, and whatever it has started, by their ids. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ServerOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly user?: User | undefined;
}

/** Starts a program, and resolves once it listens on its port. */
export async function startServer({ program, args, port, user }: ServerOptions): Promise<Server> {
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], ...user });
  const stderr: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.push(text));
  const ended = once(child, 'exit');
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (isOver(child)) return;
    for (const pid of await familyOf(child.pid ?? 0)) tryKill(pid, signal);
    await ended;
  };
  try {
    await until(`${program} listens on ${port}`, async () => {
      assert(!isOver(child), `${program} has ended with ${child.exitCode}: ${stderr.join('')}`);
      return hasSocket(child.pid ?? 0, { state: LISTEN, local: port });
    });
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  }
  return { port, child, stop };
}

function isOver(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The process and all that it has started, the oldest first: none of them may see the end of another. */
async function familyOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const below = await Promise.all(
    text
      .trim()
      .split(' ')
      .filter(Boolean)
      .map((child) => familyOf(Number(child))),
  );
  return [pid, ...below.flat()];
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export interface Sought {
  /** Hexadecimal, as the kernel shows it. */
  readonly state: typeof LISTEN | typeof CLOSE_WAIT;
  readonly local?: number;
  readonly remote?: number;
}

/** States of a TCP socket; the latter: the peer has ended its direction, and the program has not ended its own. */
export const LISTEN = '0A';
export const CLOSE_WAIT = '08';

/** Whether the kernel has such a socket, in the network namespace of that process. Without connecting: some servers take one connection only. */
export async function hasSocket(pid: number, { state, local, remote }: Sought): Promise<boolean> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => '')));
  const isAt = (address: string, port: number | undefined): boolean =>
    port === undefined || Number.parseInt(address.split(':')[1] ?? '', 16) === port;
  return tables
    .join('\n')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([, from = '', to = '', seen]) => seen === state && isAt(from, local) && isAt(to, remote));
}

/** Waits for something that other processes bring about. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    assert(performance.now() < deadline, `waited ${withinMs} ms for this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Not one that the kernel gives to those who do not ask for a certain one: it stays free, even while its server is restarted. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST_PORT, LOWEST_PORT + PORTS);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Below Linux's range of 32,768 to 60,999. */
const LOWEST_PORT = 20_000;
const PORTS = 12_000;

/** A directory for files of a test. */
export class Scratch {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<Scratch> {
    return new Scratch(await mkdtemp(join(tmpdir(), 'streams-e2e-')));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}

/** SHA-256 of a file. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** The bytes in the files of a folder, where they may be renamed meanwhile. */
export function sizeOf(folder: string): number {
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
}

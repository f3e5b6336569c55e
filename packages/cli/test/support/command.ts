// The built command as child processes, each in a home of its own.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Ended, Running } from '../../../../test/support/running.ts';

export { type Ended, Running };

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

type Environment = Readonly<Record<string, string>>;

/** A home directory, and the commands that were run in it. */
export class Home {
  readonly directory: string;
  readonly started: Running[] = [];
  readonly #prefix: readonly string[];

  private constructor(directory: string, prefix: readonly string[]) {
    this.directory = directory;
    this.#prefix = prefix;
  }

  /** @param prefix stands in front of each command, such as `ip netns exec NAME`. */
  static async make(prefix: readonly string[] = []): Promise<Home> {
    return new Home(await mkdtemp(join(tmpdir(), 'streams-cli-')), prefix);
  }

  /** Starts a command; its standard input stays open. */
  start(args: readonly string[], connectionString?: string, environment: Environment = {}): Running {
    return this.#spawn([process.execPath, MAIN, ...args], connectionString, environment);
  }

  /** The same with a pipe of the shell's at its standard output: what Node makes itself is a socket, which ends otherwise. Its end shows as ` EOF`. */
  startPiped(args: readonly string[], connectionString?: string): Running {
    return this.#spawn(['sh', '-c', '"$@" | { cat; echo " EOF"; }', 'sh', process.execPath, MAIN, ...args], connectionString);
  }

  /** Starts a program that finds the command `streams`, as after `npm install -g`. */
  async startProgram(args: readonly string[], connectionString?: string): Promise<Running> {
    const bin = join(this.directory, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'streams'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
    return this.#spawn(args, connectionString, { PATH: `${bin}:${process.env['PATH']}` });
  }

  #spawn(command: readonly string[], connectionString?: string, environment: Environment = {}): Running {
    const [program = '', ...args] = [...this.#prefix, ...command];
    const { STREAMS_CONNECTION_STRING: _theirs, ...env } = process.env;
    const secret = connectionString === undefined ? {} : { STREAMS_CONNECTION_STRING: connectionString };
    const child = spawn(program, args, { env: { ...env, HOME: this.directory, ...secret, ...environment }, stdio: 'pipe' });
    const running = new Running(child);
    this.started.push(running);
    return running;
  }

  /** Runs a command to its end. */
  async run(
    args: readonly string[],
    connectionString?: string,
    input: string | Buffer = '',
    environment: Environment = {},
  ): Promise<Ended> {
    const running = this.start(args, connectionString, environment);
    running.child.stdin?.end(input);
    return running.ended;
  }

  /** Ends what still runs, and removes the directory. */
  async remove(): Promise<void> {
    await Promise.all(this.started.map((running) => running.stop('SIGKILL')));
    await rm(this.directory, { recursive: true });
  }
}

// A process of the demo: its lines as they come, and how it ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One of the example programs, running. */
export class Child {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Set<() => void>();

  constructor(program: 'hub' | 'device' | 'service', args: readonly string[], connectionString = '') {
    const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url));
    const env = { ...process.env, STREAMS_CONNECTION_STRING: connectionString };
    this.#process = spawn(process.execPath, [file, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#exited = once(this.#process, 'close').then(() => this.#wake());
    // A child that is killed no longer reads what the demo feeds it.
    this.#process.stdin?.on('error', () => undefined);
    for (const output of [this.#process.stdout, this.#process.stderr]) {
      if (output) createInterface(output).on('line', (line) => this.#wake(line));
    }
  }

  /** The first line that begins with `prefix`, without it; `undefined` if the process ends without one. */
  async line(prefix: string): Promise<string | undefined> {
    for (;;) {
      const found = this.lines.find((line) => line.startsWith(prefix));
      if (found !== undefined) return found.slice(prefix.length);
      if (this.#hasExited) return undefined;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves with all lines once the process has ended. */
  async ended(): Promise<readonly string[]> {
    await this.#exited;
    return this.lines;
  }

  /** Feeds standard input, for ever or once. */
  feed(chunk: Buffer, endless: boolean): void {
    const { stdin } = this.#process;
    if (!endless) stdin?.end(chunk);
    else if (stdin?.writable) stdin.write(chunk, (error) => error || this.feed(chunk, true));
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends the process at once, as a power cut would. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exited;
  }

  get #hasExited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  #wake(line?: string): void {
    if (line !== undefined) this.lines.push(line);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

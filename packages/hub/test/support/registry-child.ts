// A process that changes a registry until it is killed, as a test sees it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const WRITER = fileURLToPath(new URL('registry-writer.mjs', import.meta.url));

interface ChildOptions {
  readonly firstStep?: number;
  /** Octal. */
  readonly umask?: string;
  /** No file may become larger than so many blocks of 512 bytes: a disk that is full. */
  readonly maxBlocks?: number;
}

export class RegistryChild {
  /** The last step of each lane that was acknowledged. */
  readonly lastSteps: Map<number, number> = new Map<number, number>();
  readonly pid: number;
  #output = '';
  #acknowledged = 0;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Set<() => void>();

  private constructor(dataDirectory: string, { firstStep = 0, umask = '022', maxBlocks }: ChildOptions) {
    const limit = maxBlocks === undefined ? '' : `trap '' XFSZ; ulimit -f ${maxBlocks}; exec 2>/dev/null;`;
    const command = [process.execPath, WRITER, dataDirectory, String(firstStep), umask];
    this.#process = spawn('sh', ['-c', `${limit} exec "$@"`, 'sh', ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.pid = this.#process.pid ?? 0;
    // `close`, not `exit`: the last lines may still be in the pipe.
    this.#ended = once(this.#process, 'close').then(() => this.#wake());
    if (this.#process.stdout) createInterface(this.#process.stdout).on('line', (line) => this.#onLine(line));
    onTestFinished(() => this.killed());
  }

  /** Resolves once it has the registry open, or has ended. */
  static async start(dataDirectory: string, options: ChildOptions = {}): Promise<RegistryChild> {
    const child = new RegistryChild(dataDirectory, options);
    await child.#until(() => child.#output !== '');
    return child;
  }

  /** Resolves once so many changes were acknowledged. */
  acknowledged(count: number): Promise<void> {
    return this.#until(() => this.#acknowledged >= count);
  }

  /** Kills it with SIGKILL, and resolves once all that it has said is read. */
  async killed(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  /** Resolves with all that it has said once it has ended by itself. */
  async exited(): Promise<string> {
    await this.#ended;
    return this.#output;
  }

  #onLine(line: string): void {
    const [lane, step] = line.split(' ').map(Number);
    if (lane !== undefined && step !== undefined && !Number.isNaN(lane + step)) {
      this.lastSteps.set(lane, step);
      this.#acknowledged += 1;
    } else {
      this.#output += `${line}\n`;
    }
    this.#wake();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition() && this.#process.exitCode === null && this.#process.signalCode === null) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

// A program that runs: what it has printed so far, and how it ended.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs. */
export class Running {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('latin1').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    // One that has ended no longer reads.
    child.stdin?.on('error', () => undefined);
    this.ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout: this.stdout, stderr: this.stderr }));
  }

  /** Resolves once `pattern` has been printed on standard output. */
  prints(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#finds(pattern, 'stdout');
  }

  /** The same of standard error. */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#finds(pattern, 'stderr');
  }

  async #finds(pattern: RegExp, where: 'stdout' | 'stderr'): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this[where]);
      if (found) return found;
      const more = await Promise.race([once(this.child[where]!, 'data'), this.ended.then(() => undefined)]);
      if (more === undefined) throw new Error(`${String(pattern)} was not printed: ${this.stdout}${this.stderr}`);
    }
  }

  /** What every user of the machine can see. */
  get commandLine(): string {
    return readFileSync(`/proc/${this.child.pid}/cmdline`, 'utf8');
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.ended;
  }
}

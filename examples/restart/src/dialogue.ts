// A program that is talked to: each question has one right answer, which must come before the next is asked.
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Load } from './load.ts';
import { Pauses } from './pauses.ts';

export interface Exchange {
  readonly question: string;
  readonly answer: string;
}

/** As somebody types. */
const BETWEEN_MS = 50;

/** See the file's head. */
export class Dialogue implements Load {
  readonly name: string;
  readonly pauses: Pauses = new Pauses();
  isOver = false;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown>;
  readonly #asking: Promise<number>;
  readonly #over = new AbortController();
  #stdout = '';
  #stderr = '';

  /** @param exchange The n-th one, from 0. */
  constructor(name: string, [program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv, exchange: (n: number) => Exchange) {
    this.name = name;
    this.#child = spawn(program, args, { env, stdio: 'pipe' });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    // One that has ended no longer reads.
    this.#child.stdin.on('error', () => undefined);
    this.#ended = once(this.#child, 'close').then(() => (this.isOver = true));
    this.#asking = this.#ask(exchange);
    this.#asking.catch(() => undefined); // end() tells
  }

  async end(): Promise<string> {
    this.#over.abort();
    const answers = await this.#asking;
    this.#child.stdin.end();
    await this.#ended;
    assert.deepEqual({ code: this.#child.exitCode, stderr: this.#stderr }, { code: 0, stderr: '' });
    return `${answers} questions, each answered once and rightly, in one session`;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async #ask(exchange: (n: number) => Exchange): Promise<number> {
    let asked = 0;
    for (; !this.#over.signal.aborted; asked += 1) {
      const { question, answer } = exchange(asked);
      this.#child.stdin.write(question);
      while (this.#stdout.length < answer.length && !this.isOver) await Promise.race([once(this.#child.stdout, 'data'), this.#ended]);
      assert(!this.isOver, `ended with ${this.#child.exitCode}: ${this.#stderr}`);
      assert(this.#stdout === answer, `the answer to question ${asked} is WRONG`);
      this.#stdout = '';
      this.pauses.moved();
      await pause(BETWEEN_MS);
    }
    return asked;
  }
}

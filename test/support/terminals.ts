// What a page says to type, typed into terminals: its own blocks of shell, each in a shell of its own.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type Ended, Running } from './running.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The blocks of shell of a page, or of one section, in their order. */
export function shellBlocks(page: string, section?: string): string[] {
  const text = readFileSync(`${ROOT}/${page}`, 'utf8');
  const part = section === undefined ? text : (text.split(/^## /m).find((each) => each.startsWith(`${section}\n`)) ?? '');
  return [...part.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
}

/** Terminals at the top of the repository. */
export class Terminals {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #opened: Running[] = [];

  /** @param environment All that the shells have, besides `PATH` if it has none. */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = { PATH: process.env['PATH'] ?? '', ...environment };
  }

  /** Opens one and types a block, with what its reader replaces: old text -> new text. */
  type(block = '', replacing: Readonly<Record<string, string>> = {}): Running {
    const replace = (text: string, [from, to]: [string, string]): string => {
      expect(text).toContain(from);
      return text.replaceAll(from, () => to);
    };
    const script = Object.entries(replacing).reduce(replace, block);
    // A process group of its own, as a terminal's job is.
    const child = spawn('sh', ['-ec', script], { cwd: ROOT, env: this.#environment, stdio: 'pipe', detached: true });
    this.#opened.push(new Running(child));
    return this.#opened.at(-1)!;
  }

  /** The same, to the end. @param input Typed into the program. */
  async run(block: string | undefined, replacing: Readonly<Record<string, string>> = {}, input = ''): Promise<Ended> {
    const terminal = this.type(block, replacing);
    terminal.child.stdin?.end(input);
    return terminal.ended;
  }

  /** Ctrl-C. */
  async interrupt({ child, ended }: Running): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGINT');
    await ended;
  }

  /** Ctrl-C in all of them. */
  async close(): Promise<void> {
    await Promise.all(this.#opened.map((terminal) => this.interrupt(terminal)));
  }
}

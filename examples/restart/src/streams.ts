// The product as its users run it: the command `streams` as hub, as proxy at the device, and as proxy at the desk.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));

/** How a command is run. Its connection string is a secret: not in argv. */
export interface StreamsSettings {
  readonly home: string;
  readonly connectionString?: string;
  readonly httpsProxy?: string;
}

/** A command that runs until it is killed. */
export class Streams {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #wake: () => void = () => undefined;

  constructor(args: readonly string[], settings: StreamsSettings) {
    this.#child = spawn(process.execPath, [MAIN, ...args], { env: environment(settings), stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      if (output) createInterface(output).on('line', (line) => this.#onLine(line));
    }
    this.#child.once('close', () => this.#wake());
  }

  /** Runs a command to its end, and gives what it has printed. */
  static async run(args: readonly string[], settings: StreamsSettings): Promise<string> {
    const streams = new Streams(args, settings);
    await once(streams.#child, 'close');
    return streams.#lines.join('\n');
  }

  /** What `pattern` captures in the first line that it fits. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.#lines.map((line) => pattern.exec(line)).find((match) => match !== null);
      if (found) return found[1] ?? '';
      if (this.#child.exitCode !== null) throw new Error(`streams has ended: ${this.#lines.join('\n')}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }

  #onLine(line: string): void {
    this.#lines.push(line);
    this.#wake();
  }
}

/** What a program is started with that runs `streams` itself. */
export function environment({ home, connectionString = '', httpsProxy }: StreamsSettings): NodeJS.ProcessEnv {
  const { STREAMS_CONNECTION_STRING: _theirs, ...env } = process.env;
  const secret = connectionString === '' ? {} : { STREAMS_CONNECTION_STRING: connectionString };
  return { ...env, ...secret, HOME: home, ...(httpsProxy === undefined ? {} : { https_proxy: httpsProxy, no_proxy: '', NO_PROXY: '' }) };
}

/** In front of which ssh runs `streams connect`. */
export const CONNECT: string = `'${process.execPath}' '${MAIN}' connect`;

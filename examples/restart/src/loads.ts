// What runs while the hub restarts, each a program of its own: a copy, a download, and a login that somebody types into.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/** What has become of a program. */
export interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** Resolves when the program has ended. */
export async function run(program: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said: said.join('').trim() };
}

/** A web server of the device, with one file. */
export async function serveFile(bytes: number): Promise<{ server: Server; sha256: string }> {
  const chunk = Buffer.alloc(2 ** 20, 'a web page, or a film. ');
  const hash = createHash('sha256');
  for (let left = bytes; left > 0; left -= chunk.length) hash.update(chunk.subarray(0, left));
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': bytes });
    let left = bytes;
    const more = (): void => {
      while (left > 0 && !response.destroyed) {
        const part = chunk.subarray(0, left);
        left -= part.length;
        if (!response.write(part)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, sha256: hash.digest('hex') };
}

/** A login that gives back each line that is typed; it notes how long the slowest one took. */
export class Login {
  /** In milliseconds. */
  longestPauseMs = 0;
  lines = 0;
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #said = '';

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(program, args, { stdio: 'pipe', env });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    this.#child.stdin?.on('error', () => undefined);
    this.ended = once(this.#child, 'close').then(([code]) => ({ code: code as number | null, said: this.#said.trim() }));
  }

  /** Types a line, waits for it to come back, and types the next one a moment later, until `signal` fires. Then it logs out. */
  async type(signal: AbortSignal): Promise<Ended> {
    let isOver = false;
    void this.ended.then(() => (isOver = true));
    for (; !signal.aborted && !isOver; this.lines += 1) {
      const startMs = performance.now();
      this.#child.stdin?.write(`line ${this.lines}\n`);
      await Promise.race([once(this.#child.stdout!, 'data'), this.ended]);
      if (this.lines > 0) this.longestPauseMs = Math.max(this.longestPauseMs, performance.now() - startMs);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.#child.stdin?.end();
    return this.ended;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

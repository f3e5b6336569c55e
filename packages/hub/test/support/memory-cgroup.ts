// A group of processes that may have so much memory together, beyond which the kernel kills one of them. Root alone can make one; version 1 or 2.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
const V1 = { root: join(ROOT, 'memory'), max: 'memory.limit_in_bytes', peak: 'memory.max_usage_in_bytes', events: 'memory.oom_control' };
const V2 = { root: ROOT, max: 'memory.max', peak: 'memory.peak', events: 'memory.events' };

/** See the top of this file. */
export class MemoryCgroup {
  readonly #files: typeof V1;
  readonly #path: string;

  private constructor(files: typeof V1, path: string) {
    this.#files = files;
    this.#path = path;
  }

  static async make(maxBytes: number): Promise<MemoryCgroup> {
    const files = existsSync(V1.root) ? V1 : V2;
    const path = join(files.root, `streams-test-${process.pid}`);
    if (files === V2) await writeFile(join(ROOT, 'cgroup.subtree_control'), '+memory');
    await mkdir(path);
    await writeFile(join(path, files.max), String(maxBytes));
    return new MemoryCgroup(files, path);
  }

  /** A process that writes its number there belongs to the group from then on. */
  get processesFile(): string {
    return join(this.#path, 'cgroup.procs');
  }

  /** The most that it had at once. */
  async peakBytes(): Promise<number> {
    return Number(await readFile(join(this.#path, this.#files.peak), 'utf8'));
  }

  /** How many processes the kernel has killed for memory. */
  async oomKills(): Promise<number> {
    return Number(/^oom_kill (\d+)$/m.exec(await readFile(join(this.#path, this.#files.events), 'utf8'))?.[1]);
  }

  /** Its processes have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rmdir(this.#path);
  }
}

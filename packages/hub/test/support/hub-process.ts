// A hub in a process of its own, as a test sees it: it can be killed, started again, and given few descriptors.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HubOptions } from '@streams/hub';
import type { ReachableHub } from './rest.ts';

const PROGRAM = fileURLToPath(new URL('hub-process.mjs', import.meta.url));

export interface HubProcessOptions {
  /** What JSON can say of a hub. */
  readonly options?: Partial<HubOptions>;
  /** The most descriptors that it may open. */
  readonly maxDescriptors?: number;
  /** Where it enters a group of processes before it begins. */
  readonly processesFile?: string;
  /** Its resident memory is what it holds, at the price of time: its allocator keeps nothing of what is freed. */
  readonly givesMemoryBack?: boolean;
  /** Default: a directory of its own, which goes with it. */
  readonly dataDirectory?: string;
}

/** glibc keeps what was freed for whoever asks next, and ten times as much of it as is in use: from 8 KiB on it asks the kernel each time. */
const GIVE_BACK = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '8192', MALLOC_TRIM_THRESHOLD_: '131072' };

interface Settings extends HubProcessOptions {
  readonly dataDirectory: string;
}

/** See the top of this file. */
export class HubProcess implements ReachableHub {
  readonly port: number;
  readonly #settings: Settings;
  #child: ChildProcess;
  #asked = 0;

  private constructor(settings: Settings, child: ChildProcess, port: number) {
    this.#settings = settings;
    this.#child = child;
    this.port = port;
  }

  static async start(options: HubProcessOptions = {}): Promise<HubProcess> {
    const settings = { ...options, dataDirectory: options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'streams-hub-'))) };
    const { child, port } = await launch(settings, 0);
    return new HubProcess(settings, child, port);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resident memory. */
  get residentBytes(): number {
    return 1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1]);
  }

  /** Creates the device if need be. */
  deviceConnectionString(deviceId: string): Promise<string> {
    return this.#ask('deviceId', deviceId);
  }

  serviceConnectionString(policy = 'test'): Promise<string> {
    return this.#ask('policy', policy);
  }

  /** After a collection of garbage. */
  memory(): Promise<NodeJS.MemoryUsage> {
    return this.#ask('memory');
  }

  /** Resolves with its exit code once it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const exited = once(this.#child, 'exit') as Promise<[number | null]>;
    this.#child.kill(signal);
    return (await exited)[0];
  }

  /** A successor on the same data and the same port, once it listens. */
  async startAgain(): Promise<void> {
    this.#child = (await launch(this.#settings, this.port)).child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#settings.dataDirectory, { recursive: true });
  }

  #ask<T>(what: string, argument?: string): Promise<T> {
    const id = (this.#asked += 1);
    const child = this.#child;
    return new Promise((resolve) => {
      const listener = (message: { id: number; answer: T }): void => {
        if (message.id !== id) return;
        child.off('message', listener);
        resolve(message.answer);
      };
      child.on('message', listener);
      child.send({ id, what, argument });
    });
  }
}

async function launch(settings: Settings, port: number): Promise<{ child: ChildProcess; port: number }> {
  const { maxDescriptors, processesFile, givesMemoryBack, dataDirectory, options } = settings;
  const limit = maxDescriptors === undefined ? '' : `ulimit -n ${maxDescriptors};`;
  const group = processesFile === undefined ? '' : `echo $$ > "${processesFile}";`;
  const args = ['--expose-gc', PROGRAM, JSON.stringify({ dataDirectory, options, port })];
  const child = spawn('sh', ['-c', `${group} ${limit} exec "$@"`, 'sh', process.execPath, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...(givesMemoryBack && GIVE_BACK) },
  });
  // A test that asks many things at once.
  child.setMaxListeners(0);
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the hub has ended by itself: ${String(code)}`)));
  const [listening] = (await Promise.race([once(child, 'message'), ended])) as [{ port: number }];
  ended.catch(() => undefined);
  return { child, port: listening.port };
}

// A hub that is killed, and started again where it was.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Health } from './health.ts';
import type { HubReady } from './hub.ts';

/** What a hub is started with. */
export interface HubSettings {
  readonly dataDirectory: string;
  readonly devices: number;
  readonly port: number;
  /** Where legs are dialled. */
  readonly legsPort: number;
}

/** A child of this process, and its successors. */
export class HubProcess {
  kills = 0;
  readonly ready: HubReady;
  readonly #settings: HubSettings;
  #child: ChildProcess;

  private constructor(settings: HubSettings, child: ChildProcess, ready: HubReady) {
    this.#settings = settings;
    this.#child = child;
    this.ready = ready;
  }

  static async start(settings: HubSettings): Promise<HubProcess> {
    const { child, ready } = await launch(settings);
    return new HubProcess(settings, child, ready);
  }

  /** Kills it, and resolves once its successor listens. */
  async restart(): Promise<void> {
    await this.kill();
    this.kills += 1;
    this.#child = (await launch(this.#settings)).child;
  }

  /** What it holds now. One question at a time. */
  async health(): Promise<Health> {
    const answer = once(this.#child, 'message');
    this.#child.send('health');
    return ((await answer) as [Health])[0];
  }

  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

async function launch({ dataDirectory, devices, port, legsPort }: HubSettings): Promise<{ child: ChildProcess; ready: HubReady }> {
  const args = [dataDirectory, port, devices, legsPort].map(String);
  // It ends with this process, however this one ends.
  const child = fork(fileURLToPath(new URL('./hub.js', import.meta.url)), args, { execArgv: ['--expose-gc'] });
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the hub has ended by itself: ${String(code)}`)));
  const [ready] = (await Promise.race([once(child, 'message'), ended])) as [HubReady];
  ended.catch(() => undefined);
  // Node keeps what nobody listens to for the next listener: one answer too many, and each question would get that of the one before.
  child.on('message', () => undefined);
  return { child, ready };
}

// What the views share while somebody is signed in: the client, the pollers, and whether updates are paused.
import type { Client } from './rest/client.ts';
import { type Poll, Poller } from './poller.ts';
import { Status } from './ui/status.ts';

/** Ends with the sign-out. */
export class Session {
  readonly client: Client;
  readonly status: Status = new Status(() => this.refresh());
  /** Called with the reason when the hub refuses the credential. */
  readonly onRefused: (message: string) => void;
  readonly #pollers = new Set<Poller>();
  #isPaused = false;

  constructor(client: Client, onRefused: (message: string) => void) {
    this.client = client;
    this.onRefused = onRefused;
    document.addEventListener('visibilitychange', this.#wake);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Nothing is asked for by itself while paused. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#wake();
  }

  poller(poll: Poll): Poller {
    const poller = new Poller(poll, {
      nowMs: () => performance.now(),
      after: (ms, callback) => {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
      random: () => Math.random(),
      isWatched: () => !this.#isPaused && document.visibilityState === 'visible',
    });
    this.#pollers.add(poller);
    return poller;
  }

  /** Everything that a view asked for is no longer wanted. */
  stopPollers(): void {
    for (const poller of this.#pollers) poller.stop();
    this.#pollers.clear();
    this.status.clear();
  }

  refresh(): void {
    for (const poller of this.#pollers) poller.now();
  }

  close(): void {
    this.stopPollers();
    document.removeEventListener('visibilitychange', this.#wake);
  }

  readonly #wake = (): void => {
    for (const poller of this.#pollers) poller.wake();
  };
}

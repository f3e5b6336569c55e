// How late the event loop is: measured by Node, in windows that the history closes.
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Lateness over one window, in milliseconds. */
export interface Lag {
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Node's timer looks this often. It notes its own period with each delay. */
const RESOLUTION_MS = 20;
const NS_PER_MS = 1e6;

/** Measures from its making until `stop`. */
export class EventLoopLag {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #closed: Lag | undefined;

  constructor() {
    this.#delays.enable();
  }

  /** The last whole window, or the first one so far. */
  get last(): Lag {
    return this.#closed ?? this.#window();
  }

  /** Ends the window, and begins the next. */
  next(): Lag {
    this.#closed = this.#window();
    this.#delays.reset();
    return this.#closed;
  }

  stop(): void {
    this.#delays.disable();
  }

  #window(): Lag {
    const { count, mean, max } = this.#delays;
    if (count === 0) return { meanMs: 0, p99Ms: 0, maxMs: 0 };
    return { meanMs: latenessMs(mean), p99Ms: latenessMs(this.#delays.percentile(99)), maxMs: latenessMs(max) };
  }
}

function latenessMs(delayNs: number): number {
  return Math.max(0, delayNs / NS_PER_MS - RESOLUTION_MS);
}

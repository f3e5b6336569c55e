// Does something again and again while somebody looks: never twice at once, later when it is slow, much later when it fails.

/** How long a wait grows while nothing works. */
const MOST_WAIT_MS = 60_000;
/** A hub that takes long to answer is asked less often: at most a fifth of the time. */
const SHARE = 5;

/** Time, chance, and whether anybody looks. */
export interface PollerWorld {
  nowMs(): number;
  /** @returns what cancels it. */
  after(ms: number, callback: () => void): () => void;
  /** 0 to 1. */
  random(): number;
  isWatched(): boolean;
}

/** What a poller does and tells. */
export interface Poll {
  readonly everyMs: number;
  /** @throws what `onFailure` is told. */
  run(signal: AbortSignal): Promise<void>;
  onSuccess(): void;
  /** @returns how long to wait, `waitMs` or longer; `undefined`: until `now` is called. */
  onFailure(error: unknown, waitMs: number): number | undefined;
}

/** See the top of this file. */
export class Poller {
  readonly #poll: Poll;
  readonly #world: PollerWorld;
  #running: AbortController | undefined;
  #cancelWait: () => void = () => undefined;
  #dueAtMs = Infinity;
  #failures = 0;

  constructor(poll: Poll, world: PollerWorld) {
    this.#poll = poll;
    this.#world = world;
  }

  /** Runs at once, whoever looks; what runs already is given up. */
  now(): void {
    this.stop();
    void this.#run();
  }

  /** Runs if it is due; called whenever somebody looks again. */
  wake(): void {
    this.#cancelWait();
    if (this.#running || this.#dueAtMs === Infinity || !this.#world.isWatched()) return;
    const waitMs = this.#dueAtMs - this.#world.nowMs();
    if (waitMs > 0) this.#cancelWait = this.#world.after(waitMs, () => this.wake());
    else void this.#run();
  }

  /** Gives up what runs; nothing more happens until `now` is called. */
  stop(): void {
    this.#cancelWait();
    this.#running?.abort();
    this.#running = undefined;
    this.#dueAtMs = Infinity;
  }

  async #run(): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    const startMs = this.#world.nowMs();
    const failure = await this.#poll.run(running.signal).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (running.signal.aborted) return;
    this.#running = undefined;
    if (failure) this.#dueAtMs = this.#world.nowMs() + this.#waitAfter(failure.error);
    else {
      this.#failures = 0;
      this.#dueAtMs = this.#world.nowMs() + Math.max(this.#poll.everyMs, SHARE * (this.#world.nowMs() - startMs));
      this.#poll.onSuccess();
    }
    this.wake();
  }

  #waitAfter(error: unknown): number {
    this.#failures += 1;
    const longestMs = Math.min(MOST_WAIT_MS, this.#poll.everyMs * 2 ** this.#failures);
    const waitMs = longestMs * (0.5 + this.#world.random() / 2);
    return this.#poll.onFailure(error, waitMs) ?? Infinity;
  }
}

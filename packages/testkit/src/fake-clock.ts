// Time that a test owns: it stands still until `advance`, and real sockets get their turn between the timers.
import assert from 'node:assert/strict';
import { type Cancel, type Clock, systemClock } from '@streams/protocol/internal';
import { sleep, turn } from './real-time.ts';

/** How {@link FakeClock.advance} passes the time. */
export interface AdvanceOptions {
  /** The longest piece of time passed at once; without it the timers alone divide the time. */
  readonly stepMs?: number;
  /**
   * Real milliseconds to wait after each piece, and again while sockets had something to do in them, so that a slow
   * machine does not make a dial last longer on this clock; without it a few turns of the event loop.
   */
  readonly realMs?: number;
}

interface Timer {
  dueMs: number;
  readonly periodMs: number | undefined;
  readonly action: () => void;
}

/** Enough for bytes to cross a relay on the loopback interface: each hop takes a turn or two. */
const TURNS = 8;
/** Of streams that never rest, an advance does not wait for the end. */
const MOST_WAITS = 5;
/** Node fires longer timers at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** A {@link Clock} whose time moves only when a test says so. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs: number;
  #advancing = false;
  readonly #timers = new Set<Timer>();

  /** Starts at the machine's time by default, since OpenSSL measures certificates with that. */
  constructor(wallMs: number = systemClock.wallMs()) {
    this.#wallOffsetMs = wallMs;
  }

  /** Timers that would still fire: a leak, where everything has been closed. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): Cancel {
    return this.#schedule({ dueMs: this.#nowMs + usable(delayMs), periodMs: undefined, action });
  }

  every(periodMs: number, action: () => void): Cancel {
    return this.#schedule({ dueMs: this.#nowMs + usable(periodMs), periodMs: usable(periodMs), action });
  }

  /** Moves the wall clock alone, as a sleeping machine or somebody who sets the clock does. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** Lets `ms` pass: fires what falls due, in order, each at its own time, with room for real sockets after each. */
  async advance(ms: number, options: AdvanceOptions = {}): Promise<void> {
    assert(!this.#advancing, 'time is advancing already: await the first advance');
    this.#advancing = true;
    try {
      await this.#advance(ms, options);
    } finally {
      this.#advancing = false;
    }
  }

  async #advance(ms: number, { stepMs = ms, realMs = 0 }: AdvanceOptions): Promise<void> {
    const endMs = this.#nowMs + ms;
    let waitsLeft = MOST_WAITS;
    for (;;) {
      const stopMs = Math.min(endMs, this.#nowMs + stepMs);
      const timer = this.#nextUntil(stopMs);
      if (timer) this.#fire(timer);
      else if (this.#nowMs === endMs) return;
      else this.#nowMs = stopMs;
      if (realMs > 0) waitsLeft -= await letSocketsRest(realMs, waitsLeft);
      await letOthersRun();
    }
  }

  #schedule(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  #nextUntil(limitMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= limitMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }

  #fire(timer: Timer): void {
    this.#nowMs = timer.dueMs;
    if (timer.periodMs === undefined) this.#timers.delete(timer);
    else timer.dueMs += timer.periodMs;
    timer.action();
  }
}

function usable(delayMs: number): number {
  if (!(delayMs <= MAX_DELAY_MS)) throw new RangeError(`a timer cannot wait ${delayMs} ms`);
  return Math.max(1, delayMs);
}

async function letOthersRun(): Promise<void> {
  for (let turns = 0; turns < TURNS; turns += 1) await turn();
}

/** Waits at least once, and `mostWaits` times more while there was something to do; returns how often more it did. */
async function letSocketsRest(realMs: number, mostWaits: number): Promise<number> {
  for (let waits = 0; ; waits += 1) {
    const before = socketEvents();
    await sleep(realMs);
    if (socketEvents() === before || waits === mostWaits) return waits;
  }
}

/** What sockets, files and threads have had to say to this process so far; timers and turns do not count. */
function socketEvents(): number {
  return performance.nodeTiming.uvMetricsInfo.events;
}

// A machine that can sleep, on a clock that does not: its timers and its monotonic time stand still meanwhile, its wall clock goes on.
import type { Cancel, Clock } from '@streams/protocol/internal';

interface Timer {
  dueMs: number;
  readonly periodMs: number | undefined;
  readonly action: () => void;
  cancel: Cancel;
}

/** See the file's head. */
export class SleepingClock implements Clock {
  readonly #base: Clock;
  readonly #timers = new Set<Timer>();
  #sleptMs = 0;
  #asleepSinceMs: number | undefined;

  constructor(base: Clock) {
    this.#base = base;
  }

  wallMs(): number {
    return this.#base.wallMs();
  }

  monotonicMs(): number {
    return (this.#asleepSinceMs ?? this.#base.monotonicMs()) - this.#sleptMs;
  }

  after(delayMs: number, action: () => void): Cancel {
    return this.#add({ dueMs: this.monotonicMs() + delayMs, periodMs: undefined, action, cancel: () => undefined });
  }

  every(periodMs: number, action: () => void): Cancel {
    return this.#add({ dueMs: this.monotonicMs() + periodMs, periodMs, action, cancel: () => undefined });
  }

  sleep(): void {
    this.#asleepSinceMs = this.#base.monotonicMs();
    for (const timer of this.#timers) timer.cancel();
  }

  wake(): void {
    this.#sleptMs += this.#base.monotonicMs() - (this.#asleepSinceMs ?? 0);
    this.#asleepSinceMs = undefined;
    for (const timer of this.#timers) this.#arm(timer);
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    this.#arm(timer);
    return () => {
      this.#timers.delete(timer);
      timer.cancel();
    };
  }

  #arm(timer: Timer): void {
    if (this.#asleepSinceMs === undefined) timer.cancel = this.#base.after(timer.dueMs - this.monotonicMs(), () => this.#fire(timer));
  }

  #fire(timer: Timer): void {
    if (timer.periodMs === undefined) this.#timers.delete(timer);
    else {
      timer.dueMs += timer.periodMs;
      this.#arm(timer);
    }
    timer.action();
  }
}

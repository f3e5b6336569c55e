// Time as the rest of the code sees it: injected, so that tests own it (design section 3).

/** Cancels what {@link Clock.after} or {@link Clock.every} has scheduled. Harmless when called late or twice. */
export type Cancel = () => void;

/** The two clocks of a machine and its timers. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970; jumps when somebody sets the clock. */
  wallMs(): number;
  /** Milliseconds since some moment in the past; never goes back. */
  monotonicMs(): number;
  /** Calls `action` once, `delayMs` from now. */
  after(delayMs: number, action: () => void): Cancel;
  /** Calls `action` every `periodMs`. Does not keep the process alive. */
  every(periodMs: number, action: () => void): Cancel;
}

/** The longest delay of a timer: Node fires what is longer at once. */
export const MAX_DELAY_MS: number = 2 ** 31 - 1;

/** The machine's own clocks. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
  every(periodMs, action) {
    const timer = setInterval(action, periodMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};

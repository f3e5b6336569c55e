// How fast a link sends: when it asks for an ACK, what the answers tell of the path, and the window that follows from that.
import type { Clock } from '../../time/clock.ts';
import { QUIET_CHANNEL_MS, REPLAY_SLACK_MS, REPLAY_TIGHT_SLACK_MS, WINDOW_STEP_BYTES } from '../../wire/defaults.ts';
import { firstWindow, nextWindow, type WindowState } from './window.ts';

interface Question {
  readonly end: number;
  readonly askedAtMs: number;
  readonly ackedBefore: number;
}

/** The sending half of the acknowledgements of a link. Positions are those of the replay queue. */
export class Pace {
  readonly #clock: Clock;
  readonly #maxWindowBytes: number;
  #window: WindowState;
  #round: Question | undefined;
  #limited = false;
  #askedUpTo = 0;
  #quietUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, maxWindowBytes: number) {
    this.#clock = clock;
    this.#maxWindowBytes = maxWindowBytes;
    this.#window = firstWindow(maxWindowBytes, clock.monotonicMs());
  }

  get windowBytes(): number {
    return this.#window.bytes;
  }

  /** Undefined before the first answer. */
  get minRttMs(): number | undefined {
    return Number.isFinite(this.#window.minRttMs) ? this.#window.minRttMs : undefined;
  }

  /** A new leg is a new path. `position`: where the peer stands. */
  restart(position: number): void {
    this.#window = firstWindow(this.#maxWindowBytes, this.#clock.monotonicMs());
    this.#round = undefined;
    this.#limited = false;
    this.#askedUpTo = position;
  }

  /** A quiet channel has something to send. */
  quiet(): void {
    this.#quietUntilMs = this.#clock.monotonicMs() + QUIET_CHANNEL_MS;
  }

  /** True if a message that ends at `end` must ask: it passes a quarter of the window, or a step of a large one, or fills it. */
  mustAsk(end: number, acked: number): boolean {
    return end - this.#askedUpTo >= Math.min(this.windowBytes / 4, WINDOW_STEP_BYTES) || end - acked >= this.windowBytes;
  }

  /** A message that asks goes out. */
  asked(end: number, acked: number): void {
    this.#askedUpTo = end;
    this.#round ??= { end, askedAtMs: this.#clock.monotonicMs(), ackedBefore: acked };
  }

  /** The window keeps a message back. True if nobody has asked for the last ACK that would open it. */
  full(end: number): boolean {
    this.#limited = true;
    return this.#askedUpTo < end;
  }

  /** An ACK has come. */
  acked(position: number): void {
    const round = this.#round;
    if (round === undefined || position < round.end) return;
    const nowMs = this.#clock.monotonicMs();
    const result = {
      nowMs,
      rttMs: nowMs - round.askedAtMs,
      ackedBytes: position - round.ackedBefore,
      inFlightBytes: round.end - round.ackedBefore,
      limited: this.#limited,
      slackMs: nowMs < this.#quietUntilMs ? REPLAY_TIGHT_SLACK_MS : REPLAY_SLACK_MS,
    };
    this.#window = nextWindow(this.#window, result, this.#maxWindowBytes);
    this.#round = undefined;
    this.#limited = false;
  }
}

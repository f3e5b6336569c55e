// Life of a WebSocket (design section 5): own silence is broken by a control frame, the peer's is death unless we do not read.
import type { Cancel, Clock } from '../time/clock.ts';
import { LEG_DEAD_MS, LEG_IDLE_MS, LIVENESS_TICK_MS } from '../wire/defaults.ts';

/** The times of a connection, in milliseconds. */
export interface LivenessTimes {
  /** Own silence before a control frame is sent. */
  readonly idleMs: number;
  /** Silence of the peer, while we read, after which it is dead. */
  readonly deadMs: number;
  /** How often to look; deaths are noticed at most this much early, and not late where looks are late by less than half of it. */
  readonly tickMs: number;
}

/** Those of a stream leg. */
export const LEG_TIMES: LivenessTimes = { idleMs: LEG_IDLE_MS, deadMs: LEG_DEAD_MS, tickMs: LIVENESS_TICK_MS };

/** What liveness sees of a connection and does to it. */
export interface Alive {
  /** Grows with every byte that was read, of whole messages or not. */
  bytesReceived(): number;
  /** Breaks our silence: a pong from a client, a ping from a hub. */
  keepAlive(): void;
  /** Writes to a connection that we do not read: the only way to see that it is dead. */
  probe(): void;
  /** The peer has shown no life. */
  dead(): void;
}

/** Watches one connection until {@link Liveness.stop}. */
export class Liveness {
  readonly #clock: Clock;
  readonly #times: LivenessTimes;
  readonly #connection: Alive;
  readonly #stopTicking: Cancel;
  #lastSentMs: number;
  #lastLifeMs: number;
  #lastTickMs: number;
  #bytesReceived = 0;
  #reading = true;

  constructor(connection: Alive, clock: Clock, times: LivenessTimes) {
    this.#connection = connection;
    this.#clock = clock;
    this.#times = times;
    this.#lastSentMs = this.#lastLifeMs = this.#lastTickMs = clock.monotonicMs();
    this.#stopTicking = clock.every(times.tickMs, () => this.#tick());
  }

  /** We have sent something. */
  sent(): void {
    this.#lastSentMs = this.#clock.monotonicMs();
  }

  /** We read, or do not. Reading again gives the peer its full time anew. */
  reading(reading: boolean): void {
    if (reading && !this.#reading) this.#lastLifeMs = this.#clock.monotonicMs();
    this.#reading = reading;
  }

  stop(): void {
    this.#stopTicking();
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    const bytesReceived = this.#connection.bytesReceived();
    // The bytes came at some time since the last look; counting from then never calls a peer alive for too long.
    if (bytesReceived !== this.#bytesReceived) this.#lastLifeMs = Math.max(this.#lastLifeMs, this.#lastTickMs);
    this.#bytesReceived = bytesReceived;
    this.#lastTickMs = nowMs;
    // Half a look short of the whole: where that look was late and this one is not, waiting for another would be too long.
    const deadFromMs = this.#times.deadMs - this.#times.tickMs / 2;
    if (this.#reading && nowMs - this.#lastLifeMs >= deadFromMs) return this.#connection.dead();
    if (!this.#reading) this.#connection.probe();
    if (nowMs - this.#lastSentMs >= this.#times.idleMs) {
      this.#lastSentMs = nowMs;
      this.#connection.keepAlive();
    }
  }
}

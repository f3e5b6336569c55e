// How long streams may live, and may be idle: looks at all of them once a second, while there is such a limit.
import { type Cancel, type Clock, CLOSE_CLEAN, CLOSE_EXPIRED, CLOSE_IDLE, MAX_RESUME_TIMEOUT_MS } from '@streams/protocol/internal';
import type { LimitsInForce } from '../config/limits-in-force.ts';
import type { HubObserver } from '../diagnostics/observer.ts';
import type { Relay, RelayReport } from './relay.ts';

const TICK_MS = 1_000;
/** Sessions without a leg whose start is remembered. */
const MAX_REMEMBERED = 65_536;

interface Watched {
  readonly relay: Relay;
  readonly startMs: number;
  bytes: number;
  carriedAtMs: number;
}

/** What lifetimes are kept with. */
export interface LifetimesContext {
  readonly limits: LimitsInForce;
  readonly clock: Clock;
  readonly observer: HubObserver;
}

/** See the top of this file. */
export class Lifetimes {
  readonly #context: LifetimesContext;
  readonly #watched = new Set<Watched>();
  /** When sessions began that may come back, in the order in which they lost their legs. */
  readonly #begun = new Map<string, { readonly startMs: number; readonly lostAtMs: number }>();
  #stopTicking: Cancel | undefined;

  constructor(context: LifetimesContext) {
    this.#context = context;
    context.limits.onChange(() => this.#tickIfNeeded());
  }

  /** True if a session that comes back has had its time. */
  isOver(sessionId: string): boolean {
    const begun = this.#begun.get(sessionId);
    return begun !== undefined && this.#nowMs - begun.startMs >= this.#context.limits.current.maxStreamLifeMs;
  }

  /** @returns to be called with the end of the stream. */
  watch(relay: Relay, sessionId: string): (report: RelayReport) => void {
    const nowMs = this.#nowMs;
    // The older leg of a session may still stand while the next one comes.
    const startMs = this.#begun.get(sessionId)?.startMs ?? nowMs;
    const watched: Watched = { relay, startMs, bytes: 0, carriedAtMs: nowMs };
    this.#watched.add(watched);
    this.#remember(sessionId, startMs);
    this.#tickIfNeeded();
    return ({ closeCode }) => {
      this.#watched.delete(watched);
      if (closeCode === CLOSE_CLEAN) this.#begun.delete(sessionId);
      else this.#remember(sessionId, startMs);
      this.#tickIfNeeded();
    };
  }

  get #nowMs(): number {
    return this.#context.clock.monotonicMs();
  }

  #remember(sessionId: string, startMs: number): void {
    if (this.#context.limits.current.maxStreamLifeMs === Infinity) return;
    const lostAtMs = this.#nowMs;
    this.#begun.delete(sessionId);
    this.#begun.set(sessionId, { startMs, lostAtMs });
    for (const [oldest, begun] of this.#begun) {
      if (this.#begun.size <= MAX_REMEMBERED && lostAtMs - begun.lostAtMs < MAX_RESUME_TIMEOUT_MS) return;
      this.#begun.delete(oldest);
    }
  }

  #tickIfNeeded(): void {
    const { maxStreamLifeMs, maxStreamIdleMs } = this.#context.limits.current;
    const isNeeded = this.#watched.size > 0 && Math.min(maxStreamLifeMs, maxStreamIdleMs) < Infinity;
    if (isNeeded) this.#stopTicking ??= this.#context.clock.every(TICK_MS, () => this.#tick());
    else {
      this.#stopTicking?.();
      this.#stopTicking = undefined;
    }
  }

  #tick(): void {
    const nowMs = this.#nowMs;
    const { maxStreamLifeMs, maxStreamIdleMs } = this.#context.limits.current;
    for (const watched of this.#watched) {
      const { toDevice, toService } = watched.relay.bytes;
      if (toDevice + toService !== watched.bytes) watched.carriedAtMs = nowMs;
      watched.bytes = toDevice + toService;
      if (nowMs - watched.startMs >= maxStreamLifeMs) this.#end(watched, 'maxStreamLifeMs', CLOSE_EXPIRED, 'STREAM_EXPIRED');
      else if (nowMs - watched.carriedAtMs >= maxStreamIdleMs) this.#end(watched, 'maxStreamIdleMs', CLOSE_IDLE, 'STREAM_IDLE');
    }
  }

  #end(watched: Watched, limit: string, closeCode: number, reason: string): void {
    // It takes up to a second to close, and is told once.
    this.#watched.delete(watched);
    this.#context.observer.limitReached(limit);
    watched.relay.close(closeCode, `${reason};retry=1`);
  }
}

// Failed logins per address: who fails too often in a row is not listened to for a while, each time for longer (as OpenSSH's penalties).
import type { Clock } from '@streams/protocol/internal';
import { MAX_BLOCK_MS } from '../config/limits.ts';
import type { LimitsInForce } from '../config/limits-in-force.ts';
import type { Refusal } from './authenticate.ts';

/** One failure is forgiven in this time. */
const FORGIVEN_MS = 1_000;
/** After this time without another, an address has never been blocked. */
const FORGOTTEN_MS = 3_600_000;
/** Addresses that are known at once; the one that has not failed for the longest time makes room, blocked or not. */
const MAX_SOURCES = 65_536;

/**
 * What a guess looks like. Not an expired signature, which is that of a wrong clock; nor a missing credential, which nobody has looked
 * at; nor who has the right key and is disabled, or asks for another hub.
 */
const GUESSES: ReadonlySet<Refusal> = new Set<Refusal>(['malformed', 'unknown', 'wrong-signature']);

interface Offender {
  failures: number;
  failedAtMs: number;
  /** In a row. */
  blocks: number;
  blockedUntilMs: number;
}

/** See the top of this file. */
export class Penalties {
  readonly #limits: LimitsInForce;
  readonly #clock: Clock;
  /** In the order of their last failures. */
  readonly #offenders = new Map<string, Offender>();

  constructor(limits: LimitsInForce, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#offenders.size;
  }

  /** Milliseconds until credentials from this source are looked at again; 0: now. */
  blockedMs(source: string | undefined): number {
    const { blockedUntilMs = 0 } = (source !== undefined && this.#offenders.get(source)) || {};
    return this.#limits.current.maxFailedLoginsPerAddress === Infinity ? 0 : Math.max(0, blockedUntilMs - this.#clock.monotonicMs());
  }

  /** A credential was refused. What was under way when the block began does not lengthen it. */
  failed(source: string | undefined, refusal: Refusal): void {
    if (source === undefined || !GUESSES.has(refusal) || this.blockedMs(source) > 0) return;
    const { maxFailedLoginsPerAddress, failedLoginBlockMs } = this.#limits.current;
    const nowMs = this.#clock.monotonicMs();
    const offender = this.#takeOut(source, nowMs);
    offender.failures += 1;
    if (offender.failures >= maxFailedLoginsPerAddress) {
      offender.blockedUntilMs = nowMs + Math.min(MAX_BLOCK_MS, failedLoginBlockMs * 2 ** offender.blocks);
      offender.blocks += 1;
      offender.failures = 0;
    }
    this.#offenders.set(source, offender);
    this.#makeRoom(nowMs);
  }

  /** What is known of a source, as it stands now. */
  #takeOut(source: string, nowMs: number): Offender {
    const known = this.#offenders.get(source);
    this.#offenders.delete(source);
    if (known === undefined || isForgotten(known, nowMs)) return { failures: 0, failedAtMs: nowMs, blocks: 0, blockedUntilMs: 0 };
    const failures = Math.max(0, known.failures - (nowMs - known.failedAtMs) / FORGIVEN_MS);
    return { ...known, failures, failedAtMs: nowMs };
  }

  #makeRoom(nowMs: number): void {
    for (const [source, offender] of this.#offenders) {
      if (this.#offenders.size <= MAX_SOURCES && !isForgotten(offender, nowMs)) return;
      this.#offenders.delete(source);
    }
  }
}

function isForgotten({ failures, failedAtMs, blocks, blockedUntilMs }: Offender, nowMs: number): boolean {
  return nowMs - Math.max(failedAtMs, blockedUntilMs) >= (blocks > 0 ? FORGOTTEN_MS : failures * FORGIVEN_MS);
}

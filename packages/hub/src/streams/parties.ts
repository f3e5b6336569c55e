// Those of one kind, of whom each has so many streams at once and so many new ones per second: the hub itself, policies, or devices.
import type { Limits } from '../config/limits-in-force.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

/** The options that count for them, and how a refusal speaks of one. */
export interface PartyKind {
  readonly max: 'maxStreams' | 'maxStreamsPerPolicy' | 'maxStreamsPerDevice';
  readonly rate: 'newStreamsPerSecond' | 'newStreamsPerSecondPerPolicy' | 'newStreamsPerSecondPerDevice';
  readonly who: string;
}

/** A rate may be exceeded by what it allows in this time. */
const BURST_S = 2;

/** See the top of this file. Knows only those that have streams, or have opened some a moment ago. */
export class Parties {
  readonly kind: PartyKind;
  readonly #streams = new Map<string, number>();
  /** In the order in which they were last used. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(kind: PartyKind) {
    this.kind = kind;
  }

  /** How many are known. */
  get size(): number {
    return new Set([...this.#streams.keys(), ...this.#buckets.keys()]).size;
  }

  /** True if one may have no more streams. */
  isFull(key: string, limits: Limits): boolean {
    return (this.#streams.get(key) ?? 0) >= limits[this.kind.max];
  }

  /** Milliseconds until one may open the next. */
  waitMs(key: string, limits: Limits, nowMs: number): number {
    return this.#buckets.get(key)?.waitMs(this.#rate(limits), nowMs) ?? 0;
  }

  /** One opens a stream. */
  take(key: string, limits: Limits, nowMs: number): void {
    const rate = this.#rate(limits);
    this.#forget(rate, nowMs);
    if (rate.perSecond === Infinity) return;
    const bucket = this.#buckets.get(key) ?? new TokenBucket(rate, nowMs);
    bucket.take(rate, nowMs);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
  }

  /** One has a stream more, or less. */
  count(key: string, change: 1 | -1): void {
    const streams = (this.#streams.get(key) ?? 0) + change;
    if (streams === 0) this.#streams.delete(key);
    else this.#streams.set(key, streams);
  }

  #rate(limits: Limits): Rate {
    const perSecond = limits[this.kind.rate];
    return { perSecond, burst: perSecond * BURST_S };
  }

  /** Of those that have waited longest, up to two: more than can come with one stream. */
  #forget(rate: Rate, nowMs: number): void {
    let looked = 0;
    for (const [key, bucket] of this.#buckets) {
      looked += 1;
      if (looked > 2 || !bucket.isFull(rate, nowMs)) return;
      this.#buckets.delete(key);
    }
  }
}

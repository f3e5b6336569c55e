// How fast streams go: from what they had carried the last time one looked.
import type { StreamView } from './rest/types.ts';

/** In bytes per second; `undefined` for a stream that was not there the last time. */
export interface Throughput {
  readonly toDevice: number | undefined;
  readonly toService: number | undefined;
}

interface Sample {
  readonly atMs: number;
  readonly bytesToDevice: number;
  readonly bytesToService: number;
}

const UNKNOWN: Throughput = { toDevice: undefined, toService: undefined };

/** Remembers each stream until it is gone. */
export class Throughputs {
  #samples = new Map<string, Sample>();
  #rates = new Map<string, Throughput>();

  /** @param nowMs Of a clock that never jumps. */
  update(streams: readonly StreamView[], nowMs: number): void {
    const before = this.#samples;
    this.#samples = new Map(
      streams.map(({ streamId, bytesToDevice, bytesToService }) => [streamId, { atMs: nowMs, bytesToDevice, bytesToService }]),
    );
    this.#rates = new Map(streams.map(({ streamId }) => [streamId, between(before.get(streamId), this.#samples.get(streamId))]));
  }

  of(streamId: string): Throughput {
    return this.#rates.get(streamId) ?? UNKNOWN;
  }
}

function between(before: Sample | undefined, now: Sample | undefined): Throughput {
  if (!before || !now || now.atMs <= before.atMs) return UNKNOWN;
  const perSecond = (bytes: number): number => (Math.max(0, bytes) * 1_000) / (now.atMs - before.atMs);
  return {
    toDevice: perSecond(now.bytesToDevice - before.bytesToDevice),
    toService: perSecond(now.bytesToService - before.bytesToService),
  };
}

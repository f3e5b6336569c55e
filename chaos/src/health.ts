// What a process holds: memory after a collection, descriptors; and whether it has grown over time.
import { readdir } from 'node:fs/promises';

/** Of one process, at one moment. */
export interface Health {
  /** Live, after a full collection; needs `--expose-gc`. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  readonly descriptors: number;
}

/** Of this process. */
export async function health(): Promise<Health> {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { heapBytes: heapUsed + external, residentBytes: process.memoryUsage.rss(), descriptors: (await readdir('/proc/self/fd')).length };
}

/** A value at a time, in hours. */
export interface Sample {
  readonly hours: number;
  readonly value: number;
}

/** By how much a value grows. */
export interface Slope {
  readonly perHour: number;
  /** How sure that is, as a standard error: of two runs that differ in nothing one in three is further off. */
  readonly errorPerHour: number;
}

/** The straight line through at least three samples (least squares). */
export function slopeOf(samples: readonly Sample[]): Slope {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [hours, value] = [mean(samples.map((sample) => sample.hours)), mean(samples.map((sample) => sample.value))];
  const along = samples.reduce((sum, sample) => sum + (sample.hours - hours) ** 2, 0);
  const perHour = samples.reduce((sum, sample) => sum + (sample.hours - hours) * (sample.value - value), 0) / along;
  const off = samples.reduce((sum, sample) => sum + (sample.value - value - perHour * (sample.hours - hours)) ** 2, 0);
  return { perHour, errorPerHour: Math.sqrt(off / (samples.length - 2) / along) };
}

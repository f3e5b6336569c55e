// Watches a process while a case of the fault suite runs, and tells what of it the case has broken. Linux alone: it reads /proc.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { Canary } from './canary.ts';
import { heapBytes } from './heap.ts';
import { sleep } from './real-time.ts';

/** What to watch, and what is still well. */
export interface ObserveOptions {
  /** The hub's process, where it is another than the own. */
  readonly pid?: number;
  /** 5 MiB by default, after a garbage collection; of another process its resident memory, 48 MiB by default. */
  readonly maxGrowthBytes?: number;
  /** For the 99th percentile of the own event loop's delay; 200 ms by default, no bound where the hub is another process. */
  readonly maxLagMs?: number;
  /** Descriptors more or fewer than before; 2 by default. */
  readonly maxDescriptors?: number;
}

/** What was seen, for a page or a log. */
export interface Observation {
  readonly descriptors: number;
  readonly growthBytes: number;
  readonly lagMs: number;
  readonly canaryBytes: number;
}

/** A watch that began. */
export interface Observed {
  /**
   * Lets a canary sing until the end of the watch: whatever the case does, its bytes come back as they were.
   * @param stream An established stream on the hub of the case, whose other end echoes.
   * @param close Takes away what the stream stands on, which was not there when the watch began.
   */
  sing(stream: Duplex, close?: () => Promise<void>): void;
  /**
   * Ends the watch. Waits up to `withinMs` of real time (5 s by default) for descriptors and memory to come back.
   * @throws AssertionError with all that is wrong.
   */
  settled(withinMs?: number): Promise<Observation>;
}

const POLL_MS = 20;
const LAG_RESOLUTION_MS = 10;
const MIB = 2 ** 20;

/** Begins a watch. What stays when the case is over must stand already. */
export function observe(options: ObserveOptions = {}): Observed {
  const errors = watchErrors();
  let canary: Canary | undefined;
  let closeCanary = async (): Promise<void> => undefined;
  const before = measure(options.pid);
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  lag.enable();
  return {
    sing(stream, close) {
      canary = new Canary(stream);
      closeCanary = close ?? closeCanary;
    },
    async settled(withinMs = 5_000) {
      lag.disable();
      const lagMs = Math.max(0, lag.percentile(99) / 1e6 - LAG_RESOLUTION_MS);
      const failures: string[] = [];
      const canaryFailure = await canary?.failure(withinMs);
      await closeCanary();
      if (canaryFailure !== undefined) failures.push(`the canary: ${canaryFailure}`);
      if (lagMs > (options.maxLagMs ?? (options.pid === undefined ? 200 : Infinity)))
        failures.push(`the event loop was late by ${Math.round(lagMs)} ms`);
      const left = await comeBack(before, options, withinMs);
      failures.push(...left.failures, ...errors());
      assert(failures.length === 0, failures.join('; '));
      return { descriptors: left.descriptors, growthBytes: left.growthBytes, lagMs, canaryBytes: canary?.bytes ?? 0 };
    },
  };
}

interface Measure {
  readonly descriptors: number;
  readonly bytes: number;
}

/** Waits until the process is what it was, and tells what is not. */
async function comeBack(before: Measure, options: ObserveOptions, withinMs: number): Promise<Measured> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const measured = compare(before, options);
    if (measured.failures.length === 0 || performance.now() > deadline) return measured;
    await sleep(POLL_MS);
  }
}

interface Measured {
  readonly failures: readonly string[];
  readonly descriptors: number;
  readonly growthBytes: number;
}

function compare(
  before: Measure,
  { pid, maxDescriptors = 2, maxGrowthBytes = (pid === undefined ? 5 : 48) * MIB }: ObserveOptions,
): Measured {
  if (pid !== undefined && !isAlive(pid)) return { failures: [`process ${pid} is dead`], descriptors: 0, growthBytes: 0 };
  const now = measure(pid);
  const descriptors = now.descriptors - before.descriptors;
  const growthBytes = now.bytes - before.bytes;
  const failures: string[] = [];
  if (Math.abs(descriptors) > maxDescriptors) failures.push(`${descriptors} descriptors more than before`);
  if (growthBytes > maxGrowthBytes) failures.push(`${(growthBytes / MIB).toFixed(1)} MiB more than before`);
  return { failures, descriptors, growthBytes };
}

/** Descriptors and memory: of the own process the heap that is in use, of another what is resident. */
function measure(pid: number | undefined): Measure {
  if (pid !== undefined) return { descriptors: descriptorsOf(pid), bytes: residentBytes(pid) };
  return { descriptors: descriptorsOf('self'), bytes: heapBytes() };
}

function descriptorsOf(pid: number | 'self'): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function residentBytes(pid: number): number {
  return 1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** A process that has ended and was not waited for yet is a zombie. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** @returns Stops the watch and gives what nobody has caught. */
function watchErrors(): () => readonly string[] {
  const seen: string[] = [];
  const uncaught = (error: unknown): void => void seen.push(`uncaughtException: ${String(error)}`);
  const unhandled = (error: unknown): void => void seen.push(`unhandledRejection: ${String(error)}`);
  process.on('uncaughtExceptionMonitor', uncaught);
  process.on('unhandledRejection', unhandled);
  return () => {
    process.off('uncaughtExceptionMonitor', uncaught);
    process.off('unhandledRejection', unhandled);
    return seen;
  };
}

// What Prometheus' client libraries tell of any process, under their names. Those of prom-client would outlive the hub, and are not read here.
import { readdir, stat } from 'node:fs/promises';
import { Counter, Gauge, type Registry } from 'prom-client';
import { descriptorLimit } from '../http/server.ts';
import type { EventLoopLag } from './event-loop-lag.ts';

const DESCRIPTORS = '/proc/self/fd';
const MS_PER_S = 1e3;
const US_PER_S = 1e6;

/** A value to be read; undefined where there is none. */
type Reading = () => number | undefined | Promise<number | undefined>;

/** Undefined where it cannot be read: `process.memoryUsage` throws where descriptors have run out, and that must not end a process. */
export function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}

/** A gauge that is read at each scrape, and left out where that fails: the other metrics are still wanted then. */
export function gaugeOf(registry: Registry, name: string, help: string, read: Reading): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      // A promise, even where it throws at once.
      const value = await (async () => read())().catch(() => undefined);
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}

/** Linux tells their number since 6.2; to list ten thousand of them takes 10 ms. */
async function openDescriptors(): Promise<number> {
  const { size } = await stat(DESCRIPTORS);
  // Less that of the listing itself.
  return size > 0 ? size : (await readdir(DESCRIPTORS)).length - 1;
}

/** Adds the metrics of the process to a registry. @param wallMs The present time. */
export function addProcessMetrics(registry: Registry, lag: EventLoopLag, wallMs: number): void {
  const gauge = (name: string, help: string, read: Reading): void => gaugeOf(registry, name, help, read);
  const startedAt = wallMs / MS_PER_S - process.uptime();
  gauge('process_start_time_seconds', 'Start time of the process since the Unix epoch, in seconds.', () => startedAt);
  gauge('process_resident_memory_bytes', 'Resident memory, in bytes.', residentBytes);
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use, in bytes.', () => process.memoryUsage().heapUsed);
  gauge('nodejs_external_memory_bytes', 'Memory outside of the JavaScript heap, such as of buffers, in bytes.', () => {
    return process.memoryUsage().external;
  });
  gauge('process_open_fds', 'Open file descriptors.', openDescriptors);
  gauge('process_max_fds', 'The most file descriptors that the process may open.', descriptorLimit);
  gauge('nodejs_eventloop_lag_mean_seconds', 'Mean lateness of the event loop in the last 10 s.', () => lag.last.meanMs / MS_PER_S);
  gauge('nodejs_eventloop_lag_p99_seconds', '99th percentile of the same.', () => lag.last.p99Ms / MS_PER_S);
  gauge('nodejs_eventloop_lag_max_seconds', 'Maximum of the same.', () => lag.last.maxMs / MS_PER_S);
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of user and system, in seconds.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / US_PER_S);
    },
  });
}

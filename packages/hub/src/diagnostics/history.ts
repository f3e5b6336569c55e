// The last hour in steps of 10 s, in memory: enough for the plots of the portal.
import type { Cancel, Clock } from '@streams/protocol/internal';
import type { EventLoopLag } from './event-loop-lag.ts';
import type { HubLevels } from './levels.ts';
import type { HandshakeCounts } from './metrics.ts';
import { residentBytes } from './process-metrics.ts';

/** Length of a step. */
const STEP_MS = 10_000;
/** An hour. */
const STEPS = 360;
const MS_PER_S = 1_000;

/** The curves. Rates are per second, averaged over the step; levels are those at its end. */
const SERIES = [
  'devicesConnected',
  'streamsActive',
  'handshakesPerSecond',
  'handshakesFailedPerSecond',
  'bytesToDevicePerSecond',
  'bytesToServicePerSecond',
  'eventLoopLagMs',
  'memoryBytes',
] as const;

type SeriesName = (typeof SERIES)[number];

/** What `GET /v1/diagnostics/history` answers: columns of equal length, the oldest step first; `null` where nothing is known. */
export interface HistoryView {
  /** The end of the last step, in milliseconds since 1970. */
  readonly endMs: number;
  readonly stepMs: number;
  readonly series: Readonly<Record<SeriesName, readonly (number | null)[]>>;
}

/** What the history looks at. */
export interface HistorySources {
  readonly levels: Pick<HubLevels, 'devicesConnected' | 'streams' | 'bytes'>;
  readonly handshakes: () => HandshakeCounts;
  readonly lag: EventLoopLag;
  readonly clock: Clock;
}

/** Takes a sample every step until `stop`. */
export class History {
  readonly #sources: HistorySources;
  readonly #columns = mapSeries(() => new Float64Array(STEPS).fill(Number.NaN));
  readonly #stop: Cancel;
  /** Where the next step goes: behind it is the oldest. */
  #next = 0;
  #endMs: number;
  #last: Totals;

  constructor(sources: HistorySources) {
    this.#sources = sources;
    this.#endMs = sources.clock.wallMs();
    this.#last = { atMs: sources.clock.monotonicMs(), handshakes: 0, handshakesFailed: 0, bytesToDevice: 0, bytesToService: 0 };
    this.#stop = sources.clock.every(STEP_MS, () => this.#step());
  }

  view(): HistoryView {
    const inOrder = (values: Float64Array): (number | null)[] => {
      return [...values.subarray(this.#next), ...values.subarray(0, this.#next)].map((value) => (Number.isNaN(value) ? null : value));
    };
    const series = mapSeries((name) => inOrder(this.#columns[name]));
    return { endMs: Math.round(this.#endMs), stepMs: STEP_MS, series };
  }

  stop(): void {
    this.#stop();
  }

  #step(): void {
    const { levels, lag, clock } = this.#sources;
    const now = this.#totals();
    const elapsedMs = now.atMs - this.#last.atMs;
    const perSecond = (name: Exclude<keyof Totals, 'atMs'>): number => rounded(((now[name] - this.#last[name]) * MS_PER_S) / elapsedMs);
    // A process that stood still has missed steps, of which nothing is known.
    for (let missed = Math.min(STEPS, Math.round(elapsedMs / STEP_MS) - 1); missed > 0; missed -= 1) this.#push({});
    this.#push({
      devicesConnected: levels.devicesConnected(),
      streamsActive: levels.streams(),
      handshakesPerSecond: perSecond('handshakes'),
      handshakesFailedPerSecond: perSecond('handshakesFailed'),
      bytesToDevicePerSecond: perSecond('bytesToDevice'),
      bytesToServicePerSecond: perSecond('bytesToService'),
      eventLoopLagMs: rounded(lag.next().maxMs),
      memoryBytes: residentBytes(),
    });
    this.#last = now;
    this.#endMs = clock.wallMs();
  }

  #push(step: Readonly<Partial<Record<SeriesName, number | undefined>>>): void {
    for (const name of SERIES) this.#columns[name][this.#next] = step[name] ?? Number.NaN;
    this.#next = (this.#next + 1) % STEPS;
  }

  #totals(): Totals {
    const { levels, handshakes, clock } = this.#sources;
    const { all, failed } = handshakes();
    const { toDevice, toService } = levels.bytes();
    return { atMs: clock.monotonicMs(), handshakes: all, handshakesFailed: failed, bytesToDevice: toDevice, bytesToService: toService };
  }
}

/** What has been counted since the start. */
interface Totals {
  readonly atMs: number;
  readonly handshakes: number;
  readonly handshakesFailed: number;
  readonly bytesToDevice: number;
  readonly bytesToService: number;
}

function mapSeries<T>(make: (name: SeriesName) => T): Record<SeriesName, T> {
  return Object.fromEntries(SERIES.map((name) => [name, make(name)])) as Record<SeriesName, T>;
}

/** Two decimals are more than a plot shows. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

// A question to the resource log: which records, and how a page of them fills.
import { LOG_PAGE_RECORDS, type LogRecord, MAX_LOG_PAGE_BYTES } from '@streams/protocol/internal';
import { timeOfLine } from './line-time.ts';

/** What a record has to have. */
export interface LogFilter {
  readonly deviceId?: string | undefined;
  readonly streamName?: string | undefined;
  readonly policy?: string | undefined;
  readonly result?: string | undefined;
  readonly operation?: string | undefined;
  /** Whether who asks may see a record. Default: all. */
  readonly isVisible?: ((record: LogRecord) => boolean) | undefined;
}

/** A place in the log: everything before `position` in the part that began at `startMs`, and all that is older. */
export interface LogCursor {
  readonly startMs: number;
  readonly position: number;
}

/** Which records are wanted, newest first. */
export interface LogQuery {
  readonly filter: LogFilter;
  /** ISO 8601 in UTC with milliseconds, as records have it. */
  readonly since?: string | undefined;
  /** The same; records of this moment are left out. */
  readonly until?: string | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: LogCursor | undefined;
}

/** In the order in which they tell most. */
const FIELDS = ['deviceId', 'policy', 'streamName', 'result', 'operation'] as const;
/** No record is longer in JSON: its names and words are bounded. */
const MAX_RECORD_BYTES = 8_192;
/** Where somebody has set the clock back, records are not in the order of their times; by more than this nobody does. */
const CLOCK_SLACK_MS = 600_000;

export function isWanted(record: LogRecord, filter: LogFilter): boolean {
  const fits = FIELDS.every((field) => filter[field] === undefined || filter[field] === record[field]);
  return fits && (filter.isVisible?.(record) ?? true);
}

/** Texts that all stand in the JSON of a wanted record; the first one in that of few others. */
function needlesOf(filter: LogFilter): string[] {
  return FIELDS.filter((name) => filter[name] !== undefined).map((name) => JSON.stringify({ [name]: filter[name] }).slice(1, -1));
}

export function formatCursor({ startMs, position }: LogCursor): string {
  return `${startMs}.${position}`;
}

/** Takes records, newest first, until it is full. */
export class LogPageBuilder {
  readonly records: LogRecord[] = [];
  readonly #query: LogQuery;
  readonly #oldest: string | undefined;
  readonly #newest: string | undefined;
  readonly #needles: readonly string[];
  #bytes = 0;

  constructor(query: LogQuery) {
    this.#query = query;
    this.#needles = needlesOf(query.filter);
    this.#oldest = query.since && shifted(query.since, -CLOCK_SLACK_MS);
    this.#newest = query.until && shifted(query.until, CLOCK_SLACK_MS);
  }

  /** What is worth looking for in many lines at once; `undefined` where nothing is filtered. */
  get needle(): string | undefined {
    return this.#needles[0];
  }

  get isFull(): boolean {
    const { limit = LOG_PAGE_RECORDS } = this.#query;
    return this.records.length >= limit || this.#bytes > MAX_LOG_PAGE_BYTES - MAX_RECORD_BYTES;
  }

  /** Takes the record of a line, if it is one and wanted. */
  offer(line: string): void {
    const { filter, since, until } = this.#query;
    const time = timeOfLine(line);
    if ((since !== undefined && time < since) || (until !== undefined && time >= until)) return;
    // To parse takes far longer than to look.
    if (!this.#needles.every((needle) => line.includes(needle))) return;
    const record = parse(line);
    if (record === undefined || !isWanted(record, filter)) return;
    this.records.push(record);
    this.#bytes += Buffer.byteLength(line) + 1;
  }

  /** True if nothing at this time or before it can be wanted. */
  isTooOld(time: string): boolean {
    return this.#oldest !== undefined && time < this.#oldest;
  }

  /** True if nothing at this time or after it can be wanted. */
  isTooNew(time: string): boolean {
    return this.#newest !== undefined && time > this.#newest;
  }
}

function shifted(time: string, byMs: number): string {
  return new Date(Date.parse(time) + byMs).toISOString();
}

/** `undefined` for what a crash has left half-written. */
function parse(line: string): LogRecord | undefined {
  try {
    const record = JSON.parse(line) as LogRecord;
    return record.category === 'DeviceStreams' ? record : undefined;
  } catch {
    return undefined;
  }
}

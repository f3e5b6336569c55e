// A question to the resource log: which records, and how a page of them fills.
import { LOG_PAGE_RECORDS, type LogRecord, MAX_LOG_PAGE_BYTES } from '@streams/protocol/internal';

/** What a record has to have. */
export interface LogFilter {
  readonly deviceId?: string | undefined;
  readonly streamName?: string | undefined;
  readonly policy?: string | undefined;
  readonly result?: string | undefined;
  readonly operation?: string | undefined;
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
  return FIELDS.every((field) => filter[field] === undefined || filter[field] === record[field]);
}

/** Text that stands in the JSON of every wanted record, and in that of few others; `undefined` where nothing is filtered. */
export function needleOf(filter: LogFilter): string | undefined {
  const field = FIELDS.find((name) => filter[name] !== undefined);
  return field && JSON.stringify({ [field]: filter[field] }).slice(1, -1);
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
  #bytes = 0;

  constructor(query: LogQuery) {
    this.#query = query;
    this.#oldest = query.since && shifted(query.since, -CLOCK_SLACK_MS);
    this.#newest = query.until && shifted(query.until, CLOCK_SLACK_MS);
  }

  get isFull(): boolean {
    const { limit = LOG_PAGE_RECORDS } = this.#query;
    return this.records.length >= limit || this.#bytes > MAX_LOG_PAGE_BYTES - MAX_RECORD_BYTES;
  }

  /** Takes the record of a line, if it is one and wanted. */
  offer(line: string): void {
    const record = parse(line);
    const { filter, since, until } = this.#query;
    if (record === undefined || !isWanted(record, filter)) return;
    if ((since !== undefined && record.time < since) || (until !== undefined && record.time >= until)) return;
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

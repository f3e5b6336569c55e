// Where the resource log is kept so that it can be asked for, and the store of hubs that keep it in memory alone.
import type { Clock, LogPage, LogRecord } from '@streams/protocol/internal';
import { formatCursor, LogPageBuilder, type LogQuery } from './query.ts';

/** Keeps records, and finds them again. */
export interface LogStore {
  /** Records that could not be kept. */
  readonly lostRecords: number;
  /** Never rejects: a log that cannot be written stops no hub. */
  open(): Promise<void>;
  /** Never waits, and never throws. @param line The record as JSON. */
  add(record: LogRecord, line: string): void;
  read(query: LogQuery, signal: AbortSignal): Promise<LogPage>;
  close(): Promise<void>;
}

/** Some 2 MB. */
const MAX_RECORDS = 4_000;

/** The newest records, as long as the hub runs. */
export class MemoryLogStore implements LogStore {
  readonly lostRecords = 0;
  /** By their number, oldest first. */
  readonly #lines = new Map<number, string>();
  /** In cursors, so that one of a hub that ran before is none of this one's. */
  readonly #startMs: number;
  #count = 0;

  constructor(clock: Clock) {
    this.#startMs = Math.floor(clock.wallMs());
  }

  async open(): Promise<void> {}

  add(_record: LogRecord, line: string): void {
    this.#lines.set(this.#count, line);
    this.#count += 1;
    this.#lines.delete(this.#count - MAX_RECORDS - 1);
  }

  async read(query: LogQuery): Promise<LogPage> {
    const page = new LogPageBuilder(query);
    const { startMs, position } = query.cursor ?? { startMs: this.#startMs, position: this.#count };
    const isOurs = startMs === this.#startMs;
    for (let number = Math.min(position, this.#count) - 1; isOurs && number >= 0; number -= 1) {
      const line = this.#lines.get(number);
      if (line === undefined) break;
      page.offer(line);
      if (page.isFull) return { records: page.records, next: formatCursor({ startMs, position: number }) };
    }
    return { records: page.records };
  }

  async close(): Promise<void> {}
}

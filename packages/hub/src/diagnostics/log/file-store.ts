// The resource log in files: one set in our own form, which is asked, and on demand one beside it for collectors of Azure's records.
import { open } from 'node:fs/promises';
import type { Clock, Logger, LogPage, LogRecord } from '@streams/protocol/internal';
import type { FileLogOptions } from '../../config/resource-log.ts';
import { azureLine } from './azure.ts';
import { timeOfFirstLine } from './line-time.ts';
import { formatCursor, LogPageBuilder, type LogQuery } from './query.ts';
import { blocksBefore, type LineBlock, linesWith } from './read-backwards.ts';
import { type Segment, Segments } from './segments.ts';
import type { LogStore } from './store.ts';
import { LogWriter } from './writer.ts';

/** What the store works with. */
export interface FileLogContext {
  readonly options: FileLogOptions;
  /** The hub's first name. */
  readonly hostName: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One question reads so much and no more: who asks goes on with `next`. */
const MAX_READ_BYTES = 33_554_432;

/** What a question goes through the files with. */
interface Search {
  readonly page: LogPageBuilder;
  readonly needle: Buffer | undefined;
  readonly signal: AbortSignal;
  bytesLeft: number;
}

/** See the top of this file. */
export class FileLogStore implements LogStore {
  readonly #context: FileLogContext;
  readonly #segments: Segments;
  readonly #writers: readonly LogWriter[];

  constructor(context: FileLogContext) {
    const { directory, days, maxBytes, format } = context.options;
    const { clock, logger } = context;
    const prefixes = format === 'azure' ? ['streams', 'azure'] : ['streams'];
    const sets = prefixes.map((prefix) => new Segments({ directory, prefix, days, clock, maxBytes: maxBytes / prefixes.length }));
    this.#context = context;
    this.#segments = sets[0] as Segments;
    this.#writers = sets.map((segments) => new LogWriter({ segments, clock, logger, directory }));
  }

  get lostRecords(): number {
    return this.#writers[0]?.lostLines ?? 0;
  }

  async open(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.open()));
  }

  add(record: LogRecord, line: string): void {
    const [own, azure] = this.#writers;
    own?.add(line);
    const foreign = azure && azureLine(record, this.#context.hostName, this.#context.options);
    if (foreign !== undefined) azure?.add(foreign);
  }

  async read(query: LogQuery, signal: AbortSignal): Promise<LogPage> {
    await this.#writers[0]?.flush();
    const page = new LogPageBuilder(query);
    const needle = page.needle === undefined ? undefined : Buffer.from(page.needle);
    const search: Search = { page, signal, needle, bytesLeft: MAX_READ_BYTES };
    const { startMs = Infinity, position = Infinity } = query.cursor ?? {};
    for (const segment of this.#segments.all.filter((candidate) => candidate.startMs <= startMs).toReversed()) {
      if (page.isTooNew(new Date(segment.startMs).toISOString())) continue;
      const end = segment.startMs === startMs ? position : Infinity;
      const stop = await searchSegment(segment, end, search);
      if (stop === 'too-old') break;
      if (stop !== 'go-on') return { records: page.records, next: formatCursor({ startMs: segment.startMs, position: stop }) };
    }
    return { records: page.records };
  }

  async close(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.close()));
  }
}

/** Looks through a file, from `end` backwards. A number: there the page was full, or enough was read. */
async function searchSegment(segment: Segment, end: number, search: Search): Promise<number | 'too-old' | 'go-on'> {
  const file = await open(segment.file).catch(unlessGone);
  // It was the oldest, and has gone meanwhile.
  if (file === undefined) return 'go-on';
  try {
    const { size } = await file.stat();
    for await (const block of blocksBefore(file, Math.min(end, size))) {
      const full = searchBlock(block, search);
      if (full !== undefined) return full;
      if (search.page.isTooOld(timeOfFirstLine(block.bytes))) return 'too-old';
      search.bytesLeft -= block.bytes.length;
      if (search.bytesLeft <= 0 || search.signal.aborted) return block.position;
    }
    return 'go-on';
  } finally {
    await file.close();
  }
}

/** Where the page was full; `undefined`: there is room still. */
function searchBlock(block: LineBlock, { page, needle }: Search): number | undefined {
  for (const { text, position } of linesWith(needle, block)) {
    page.offer(text);
    if (page.isFull) return position;
  }
  return undefined;
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

// The files of a log: named by the time of their beginning, one after the other, by size and by day; the oldest go when there are too many.
import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@streams/protocol/internal';
import { timeOfLine } from './line-time.ts';

/** Which files, and how much of them is kept. */
export interface SegmentsOptions {
  readonly directory: string;
  /** What their names begin with. */
  readonly prefix: string;
  /** Of all files together. */
  readonly maxBytes: number;
  readonly days: number;
  readonly clock: Clock;
}

/** A file of the log. */
export interface Segment {
  readonly file: string;
  readonly startMs: number;
  bytes: number;
}

const DAY_MS = 86_400_000;
/** A file is at most this large, and at most this part of all: so much goes at once when the oldest goes. */
const MAX_SEGMENT_BYTES = 16_777_216;
const LEAST_SEGMENTS = 8;
const OWNER_ONLY = 0o600;
const LINE_END = 0x0a;

/** Appends to the newest file, and knows all. Its methods must not run beside one another. */
export class Segments {
  /** Oldest first. */
  all: Segment[] = [];
  readonly #options: SegmentsOptions;
  readonly #segmentBytes: number;
  #newest: FileHandle | undefined;
  #isOpen = false;

  constructor(options: SegmentsOptions) {
    this.#options = options;
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.floor(options.maxBytes / LEAST_SEGMENTS));
  }

  /** Makes the directory where there is none, looks what is in it, and removes what is too old or too much. */
  async open(): Promise<void> {
    if (this.#isOpen) return;
    const { directory, prefix } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const names = (await readdir(directory)).filter((name) => startOf(name, prefix) !== undefined).toSorted();
    this.all = await Promise.all(
      names.map(async (name) => {
        const file = join(directory, name);
        return { file, startMs: startOf(name, prefix) ?? 0, bytes: (await stat(file)).size };
      }),
    );
    await this.#makeRoom(0);
    this.#isOpen = true;
  }

  /** @param lines Without their ends, each with its time, and of one day. @throws what the file system throws; then nothing is written. */
  async append(lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    try {
      await this.#forgetRemoved();
      await this.open();
      await this.#makeRoom(bytes.length);
      const segment = await this.#segmentFor(bytes.length, Date.parse(timeOfLine(lines[0] ?? '')));
      this.#newest ??= await openEnded(segment);
      await this.#write(this.#newest, segment, bytes);
    } catch (error) {
      // Whatever it was, the next attempt begins with a look at the directory.
      await this.close().catch(() => undefined);
      throw error;
    }
  }

  /** Removes what has become too old. */
  async expire(): Promise<void> {
    if (this.#isOpen) await this.#makeRoom(0);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#closeNewest();
  }

  /** Half a line must not stay: it is written again, as a whole. */
  async #write(file: FileHandle, segment: Segment, bytes: Buffer): Promise<void> {
    try {
      await file.appendFile(bytes);
      segment.bytes += bytes.length;
    } catch (error) {
      await file.truncate(segment.bytes).catch(() => undefined);
      throw error;
    }
  }

  /** Somebody may have removed the directory, or the file: writes to it would go nowhere. */
  async #forgetRemoved(): Promise<void> {
    if (this.#newest && (await this.#newest.stat()).nlink === 0) await this.close();
  }

  /** The file that so many bytes belong into; a new one if need be, which is not there yet. */
  async #segmentFor(bytes: number, timeMs: number): Promise<Segment> {
    const newest = this.all.at(-1);
    // Of the same day, or of one before it: somebody has set the clock back.
    if (newest && newest.bytes + bytes <= this.#segmentBytes && dayOf(timeMs) <= dayOf(newest.startMs)) return newest;
    // Later than the others whatever the clock says: the order of the names is that of the records.
    const startMs = Math.max(timeMs, (newest?.startMs ?? 0) + 1);
    const { directory, prefix } = this.#options;
    const segment = { file: join(directory, nameOf(prefix, startMs)), startMs, bytes: 0 };
    this.all.push(segment);
    await this.#closeNewest();
    return segment;
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { maxBytes, days, clock } = this.#options;
    const oldestDay = dayOf(clock.wallMs()) - days;
    let total = this.all.reduce((sum, segment) => sum + segment.bytes, bytes);
    for (let oldest = this.all[0]; oldest; oldest = this.all[0]) {
      if (total <= maxBytes && dayOf(oldest.startMs) >= oldestDay) return;
      if (this.all.length === 1) await this.#closeNewest();
      await unlink(oldest.file).catch(unlessGone);
      this.all.shift();
      total -= oldest.bytes;
    }
  }

  async #closeNewest(): Promise<void> {
    const file = this.#newest;
    this.#newest = undefined;
    await file?.close();
  }
}

/** Opens a file to append to it. Half a line that a crash has left gets its end, so that it does not spoil the next. */
async function openEnded(segment: Segment): Promise<FileHandle> {
  const file = await open(segment.file, 'a+', OWNER_ONLY);
  try {
    const { size } = await file.stat();
    segment.bytes = size;
    if (size === 0) return file;
    const last = Buffer.alloc(1);
    await file.read(last, 0, 1, size - 1);
    if (last[0] === LINE_END) return file;
    await file.appendFile('\n');
    segment.bytes += 1;
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/** `prefix-2026-11-29T10-15-00-123Z.ndjson`: without what file systems and shells do not like. */
function nameOf(prefix: string, startMs: number): string {
  return `${prefix}-${new Date(startMs).toISOString().replaceAll(/[:.]/g, '-')}.ndjson`;
}

/** `undefined` for a file that is none of the log's. */
function startOf(name: string, prefix: string): number | undefined {
  const [, day, hours, minutes, seconds, ms] = /^[a-z]+-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z\.ndjson$/.exec(name) ?? [];
  const startMs = Date.parse(`${day}T${hours}:${minutes}:${seconds}.${ms}Z`);
  return name.startsWith(`${prefix}-`) && !Number.isNaN(startMs) ? startMs : undefined;
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

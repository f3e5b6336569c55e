// Writes lines to the files of a log: in batches, soon, in order, and without ever keeping the hub waiting. A disk that is full or
// broken is said once; lines wait for it up to a bound, and what comes beyond is counted.
import type { Cancel, Clock, Logger } from '@streams/protocol/internal';
import { dayOfLine } from './line-time.ts';
import type { Segments } from './segments.ts';

/** What the writer works with. */
export interface LogWriterContext {
  readonly segments: Segments;
  readonly clock: Clock;
  /** Of the hub: it is told when lines cannot be written, and when they can again. */
  readonly logger: Logger;
  readonly directory: string;
}

/** Lines wait this long for others; a crash of the process takes as much with it. After a failure it is the time to the next attempt. */
const WRITE_INTERVAL_MS = 500;
/** A batch is written at once when it has so many characters. */
const BATCH_CHARACTERS = 100_000;
/** So many characters wait for a disk that does not take them. */
const MAX_WAITING_CHARACTERS = 4_194_304;
const EXPIRE_INTERVAL_MS = 3_600_000;

/** One per set of files. */
export class LogWriter {
  /** Lines that were left out, since too many waited already. */
  lostLines = 0;
  readonly #context: LogWriterContext;
  readonly #waiting: string[] = [];
  #waitingCharacters = 0;
  /** What runs, one after the other: writing, removing. */
  #work: Promise<void> = Promise.resolve();
  #nextWrite: Cancel | undefined;
  #stopExpiring: Cancel | undefined;
  #isFailing = false;
  #isClosed = false;

  constructor(context: LogWriterContext) {
    this.#context = context;
  }

  /** Makes the directory ready, so that what is wrong with it is said at once. Never rejects. */
  open(): Promise<void> {
    this.#stopExpiring ??= this.#context.clock.every(EXPIRE_INTERVAL_MS, () => void this.#run(() => this.#context.segments.expire()));
    return this.#run(() => this.#context.segments.open());
  }

  /** @param line Without its end. */
  add(line: string): void {
    if (this.#isClosed || this.#waitingCharacters + line.length > MAX_WAITING_CHARACTERS) {
      this.lostLines += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingCharacters += line.length + 1;
    if (this.#waitingCharacters > BATCH_CHARACTERS && !this.#isFailing) void this.flush();
    else this.#writeSoon();
  }

  /** Resolves once all that was added is written, or could not be. Never rejects. */
  flush(): Promise<void> {
    this.#nextWrite?.();
    this.#nextWrite = undefined;
    return this.#run(() => this.#writeAll());
  }

  /** Writes what waits, and closes the file. What cannot be written is lost, and said to be. */
  async close(): Promise<void> {
    this.#stopExpiring?.();
    await this.flush();
    this.#isClosed = true;
    this.#nextWrite?.();
    this.lostLines += this.#waiting.length;
    if (this.#waiting.length > 0) this.#say('error', 'the hub closes, and could not write all of its resource log');
    await this.#context.segments.close().catch(() => undefined);
  }

  #writeSoon(): void {
    this.#nextWrite ??= this.#context.clock.after(WRITE_INTERVAL_MS, () => void this.flush());
  }

  #run(step: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(step).then(
      () => this.#onSuccess(),
      (error: unknown) => this.#onFailure(error as Error),
    );
    return this.#work;
  }

  async #writeAll(): Promise<void> {
    await this.#context.segments.open();
    while (this.#waiting.length > 0) {
      const batch = this.#batch();
      await this.#context.segments.append(batch);
      this.#waiting.splice(0, batch.length);
      this.#waitingCharacters -= batch.reduce((sum, line) => sum + line.length + 1, 0);
    }
  }

  /** Of one day. */
  #batch(): string[] {
    let characters = 0;
    const day = dayOfLine(this.#waiting[0] ?? '');
    const end = this.#waiting.findIndex((line) => (characters += line.length + 1) > BATCH_CHARACTERS || dayOfLine(line) !== day);
    return this.#waiting.slice(0, end === -1 ? undefined : Math.max(1, end));
  }

  #onSuccess(): void {
    // What was removed or looked at says nothing about writing.
    if (!this.#isFailing || this.#waiting.length > 0) return;
    this.#isFailing = false;
    this.#say('warn', 'the resource log is written again');
  }

  #onFailure(err: Error): void {
    if (!this.#isFailing) this.#say('error', 'the resource log cannot be written; records wait, up to 4 MB of them', err);
    this.#isFailing = true;
    if (this.#waiting.length > 0 && !this.#isClosed) this.#writeSoon();
  }

  #say(level: 'warn' | 'error', message: string, err?: Error): void {
    const { logger, directory } = this.#context;
    logger[level]({ directory, lostRecords: this.lostLines, ...(err && { err }) }, message);
  }
}

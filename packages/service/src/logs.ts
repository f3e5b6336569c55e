// The hub's resource log as the service reads it: what was written, page by page, and what is being written.
import {
  abortedError,
  asErrorBody,
  asLogPage,
  asLogRecord,
  type Cancel,
  type Clock,
  connectError,
  createError,
  LineSplitter,
  LOG_DEAD_MS,
  type LogOperation,
  type LogRecord,
  type LogResult,
  MAX_LOG_PAGE_BYTES,
  MAX_LOGGED_RECORDS,
  onAbort,
  parseObject,
  StreamsError,
  throwIfAborted,
} from '@streams/protocol/internal';
import type { Rest } from './rest.ts';

/** Which records are wanted; all that are given must fit. */
export interface LogFilter {
  readonly deviceId?: string | undefined;
  /** The stream name. */
  readonly name?: string | undefined;
  /** Who asked for the stream. */
  readonly policy?: string | undefined;
  readonly result?: LogResult | undefined;
  /** `handshake`: how requests for streams turned out. `stream`: how streams ended, with their bytes. */
  readonly operation?: LogOperation | undefined;
}

/** What to ask the log for. */
export interface LogQuery extends LogFilter {
  /** The oldest that is wanted: a `Date`, or ISO 8601 such as `2026-11-28T14:00:00Z`; a day alone begins at midnight UTC. */
  readonly since?: Date | string | undefined;
  /** Only what is older. */
  readonly until?: Date | string | undefined;
  /** Ends after so many records. Default: none. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What to follow. */
export interface FollowOptions extends LogFilter {
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

type Parameters = Readonly<Record<string, string | undefined>>;

const PATH = '/v1/diagnostics/logs';

/** The resource log of a hub: who asked for which stream, and what became of it. Takes a policy with `hub:read`. */
export class Logs {
  readonly #rest: Rest;
  readonly #clock: Clock;
  readonly #following = new Set<AbortController>();

  /** Made by `ServiceClient`. @internal */
  constructor(rest: Rest, clock: Clock) {
    this.#rest = rest;
    this.#clock = clock;
  }

  /**
   * The records that were written, newest first, fetched page by page. Those that come meanwhile change nothing.
   *
   * ```ts
   * for await (const { startTime, policy, address, durationMs } of service.logs.query({ deviceId: 'pump-7', name: 'ssh', operation: 'stream' })) {
   *   console.log(startTime, policy, address, durationMs);
   * }
   * ```
   * @throws at the first step `STREAMS_FORBIDDEN`, `STREAMS_INVALID_ARGUMENT` that names the field, and what every call throws.
   */
  async *query(query: LogQuery = {}): AsyncGenerator<LogRecord, void> {
    const { signal } = query;
    const parameters = { ...filterOf(query), since: timeOf('since', query.since), until: timeOf('until', query.until) };
    let left = limitOf(query.limit);
    let cursor: string | undefined;
    do {
      const path = pathOf({ ...parameters, limit: String(Math.min(left, MAX_LOGGED_RECORDS)), cursor });
      const call = { method: 'GET', path, timeoutMs: 0, maxBytes: MAX_LOG_PAGE_BYTES, signal } as const;
      const { records, next } = await inWordsOfOptions(this.#rest.call(call, asLogPage));
      yield* records;
      left -= records.length;
      cursor = next;
    } while (cursor !== undefined && left > 0);
  }

  /**
   * Resolves once the hub has begun to send: every record from then on, as it is written. It does not connect again by itself, since
   * what was written meanwhile would be missing without a word; {@link Logs.query} has it.
   *
   * ```ts
   * for await (const record of await service.logs.follow({ result: 'rejected' })) console.log(record.deviceId, record.reason);
   * ```
   * @throws `STREAMS_FORBIDDEN`, `STREAMS_OVERLOADED` while too many follow, and what every call throws. The iterator throws
   * `STREAMS_DRAINING` when the hub closes, `STREAMS_OVERLOADED` if what it gives is read too slowly, `STREAMS_CONNECT_FAILED` when the
   * connection is lost, `STREAMS_ABORTED`, `STREAMS_CLOSED`.
   */
  async follow(options: FollowOptions = {}): Promise<AsyncGenerator<LogRecord, void>> {
    throwIfAborted(options.signal);
    const ending = new AbortController();
    const forget = onAbort(options.signal, () => ending.abort(abortedError(options.signal as AbortSignal)));
    const end = (): void => {
      forget();
      this.#following.delete(ending);
      ending.abort();
    };
    this.#following.add(ending);
    try {
      const path = pathOf({ ...filterOf(options), follow: 'true' });
      const body = await inWordsOfOptions(this.#rest.open({ method: 'GET', path, timeoutMs: 0, signal: ending.signal }));
      return this.#recordsOf(body, ending, end);
    } catch (error) {
      const reason: unknown = ending.signal.reason;
      end();
      throw StreamsError.is(reason) ? reason : error;
    }
  }

  /** Ends whatever follows: the client closes. @internal */
  end(): void {
    for (const following of this.#following) following.abort(createError('CLOSED'));
  }

  async *#recordsOf(body: AsyncIterable<Buffer>, ending: AbortController, end: () => void): AsyncGenerator<LogRecord, void> {
    const silent = (): void => ending.abort(createError('CONNECT_FAILED', { message: `the hub was silent for ${LOG_DEAD_MS} ms` }));
    let cancel: Cancel = () => undefined;
    const heard = (): void => {
      cancel();
      cancel = this.#clock.after(LOG_DEAD_MS, silent);
    };
    try {
      heard();
      for await (const line of linesOf(body, heard)) yield recordOf(line);
    } catch (error) {
      const reason: unknown = ending.signal.reason;
      if (StreamsError.is(reason)) throw reason;
      throw StreamsError.is(error) ? error : connectError(error);
    } finally {
      cancel();
      end();
    }
    throw createError('CONNECT_FAILED', { message: 'the connection to the hub was lost' });
  }
}

/** Lines with something in them; the others are signs of life. */
async function* linesOf(body: AsyncIterable<Buffer>, heard: () => void): AsyncGenerator<string, void> {
  const splitter = new LineSplitter(MAX_LOG_PAGE_BYTES);
  for await (const chunk of body) {
    heard();
    for (const { text } of splitter.push(chunk)) {
      if (text === undefined) throw createError('TOO_LARGE', { message: 'a line of the log is too long' });
      yield text;
    }
  }
}

/** @throws what the hub says in its last line, the body of an error. */
function recordOf(line: string): LogRecord {
  const fields = readAs(() => parseObject(line, 'record'));
  if ('category' in fields) return readAs(() => asLogRecord(fields));
  const said = asErrorBody(fields);
  throw said ? createError(said.code, said) : notOfAHub('a line is no record');
}

function readAs<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw notOfAHub((cause as Error).message, cause);
  }
}

function notOfAHub(problem: string, cause?: unknown): StreamsError {
  return createError('CONNECT_FAILED', { message: `the answer is not a hub's: ${problem}`, cause });
}

function filterOf({ deviceId: device, name, policy, result, operation }: LogFilter): Parameters {
  return { device, name, policy, result, operation };
}

function pathOf(parameters: Parameters): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `${PATH}?${new URLSearchParams(given).toString()}`;
}

function timeOf(field: string, time: Date | string | undefined): string | undefined {
  if (!(time instanceof Date)) return time;
  if (Number.isNaN(time.getTime())) invalid(field, 'an invalid Date');
  return time.toISOString();
}

function limitOf(limit: number = Infinity): number {
  if (limit !== Infinity && (!Number.isInteger(limit) || limit < 1)) invalid('limit', 'expected a whole number, 1 or more');
  return limit;
}

function invalid(field: string, problem: string): never {
  throw createError('INVALID_ARGUMENT', { message: `logs: ${field}: ${problem}`, details: { field } });
}

/** What the hub finds wrong with a question is wrong with the options. */
async function inWordsOfOptions<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!StreamsError.is(error) || error.code !== 'STREAMS_BAD_REQUEST') throw error;
    throw createError('INVALID_ARGUMENT', { message: `logs: ${error.message}`, details: { field: error.details['path'] } });
  }
}

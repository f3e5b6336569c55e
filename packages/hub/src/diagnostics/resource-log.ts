// The resource log: one record per handshake outcome and per stream end, of category `DeviceStreams`. It goes to the hub's logger, to
// where it can be asked for, and to who follows it.
import type { Clock, LogPage, LogRecord, Logger } from '@streams/protocol/internal';
import { LogFollowers } from './log/followers.ts';
import type { LogQuery } from './log/query.ts';
import type { LogStore } from './log/store.ts';
import { logText } from './log/text.ts';

/** The fields that do not apply to every record. */
type Conditional = 'code' | 'phase' | 'stepsMs' | 'bytesToDevice' | 'bytesToService' | 'endedBy' | 'closeCode' | 'reason' | 'traceparent';

/** What is known when a handshake or a stream has ended; its reason is as it came. */
export type LogEntry = Omit<LogRecord, 'time' | 'category' | 'startTime' | Conditional> & {
  readonly [Field in Conditional]?: NonNullable<LogRecord[Field]> | undefined;
};

/** What the log works with. */
export interface ResourceLogContext {
  readonly clock: Clock;
  /** Gets each record; `undefined`: it goes to the store alone. */
  readonly logger: Logger | undefined;
  readonly store: LogStore;
}

/** Words of the two sides are cut at this length; a log line has to stay a line. */
const MAX_REASON_CHARACTERS = 256;

/** See the top of this file. */
export class ResourceLog {
  readonly followers: LogFollowers;
  readonly #context: ResourceLogContext;

  constructor(context: ResourceLogContext) {
    this.#context = context;
    this.followers = new LogFollowers(context.clock);
  }

  /** Records that could not be kept since the start: the disk was full or broken. */
  get lostRecords(): number {
    return this.#context.store.lostRecords;
  }

  /** Makes ready what the store needs; whatever is wrong with it is said in the hub's log, and the hub goes on. */
  open(): Promise<void> {
    return this.#context.store.open();
  }

  write(entry: LogEntry): void {
    const record = recordOf(entry, this.#context.clock.wallMs());
    // `time` is the logger's own there: pino would write it twice.
    const { time: _time, ...fields } = record;
    this.#context.logger?.info(fields, `${record.operation} ${record.result}`);
    const line = JSON.stringify(record);
    this.#context.store.add(record, line);
    this.followers.tell(record, line);
  }

  /** A page of what was written, newest first. @param signal Fires if nobody waits for it any more. */
  query(query: LogQuery, signal: AbortSignal): Promise<LogPage> {
    return this.#context.store.read(query, signal);
  }

  /** Resolves once everything is written. */
  close(): Promise<void> {
    return this.#context.store.close();
  }
}

/** Every record has every field, in this order; `null` stands for what does not apply. */
function recordOf(entry: LogEntry, wallMs: number): LogRecord {
  const { operation, deviceId, streamName, streamId, sessionId, resumeCount, policy, address, result } = entry;
  const { code = null, phase = null, durationMs, stepsMs = null, bytesToDevice = null, bytesToService = null } = entry;
  const { endedBy = null, closeCode = null, trackingId, traceparent = null } = entry;
  const reason = entry.reason === undefined ? null : logText(entry.reason, MAX_REASON_CHARACTERS);
  const what = { operation, deviceId, streamName, streamId, sessionId, resumeCount, policy, address, result, code, phase };
  const end = { durationMs, stepsMs, bytesToDevice, bytesToService, endedBy, closeCode, reason, trackingId, traceparent };
  return {
    time: new Date(wallMs).toISOString(),
    category: 'DeviceStreams',
    ...what,
    startTime: new Date(wallMs - durationMs).toISOString(),
    ...end,
  };
}

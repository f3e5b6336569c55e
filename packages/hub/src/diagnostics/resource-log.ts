// The resource log: one record per handshake outcome and per stream end, of category `DeviceStreams`.
import type { Logger, WireCode } from '@streams/protocol/internal';

/** How a handshake or a stream turned out. */
export type LogResult = 'established' | 'rejected' | 'timed-out' | 'cancelled' | 'failed' | 'clean' | 'terminated';

/** Who ended a stream. */
export type LogEndedBy = 'device' | 'service' | 'hub';

/** A record; docs/protocol.md lists the fields. */
export interface LogRecord {
  readonly operation: 'handshake' | 'stream';
  readonly deviceId: string;
  readonly streamName: string;
  readonly streamId: string;
  /** The id of the session's first stream; its own where it resumes none. */
  readonly sessionId: string;
  /** How often the session has been resumed, this stream included. */
  readonly resumeCount: number;
  /** Who asked for the stream. */
  readonly policy: string;
  readonly result: LogResult;
  /** Why, as a key of the error table. */
  readonly code?: WireCode | undefined;
  /** Whom a handshake that ran out of time was waiting for. */
  readonly phase?: string | undefined;
  /** Of the handshake, or of the established stream. */
  readonly durationMs: number;
  /** When the steps of the handshake were reached, from its start. */
  readonly stepsMs?: Readonly<Record<string, number>> | undefined;
  /** Payload bytes relayed. */
  readonly bytesToDevice?: number | undefined;
  readonly bytesToService?: number | undefined;
  readonly endedBy?: LogEndedBy | undefined;
  /** The words of who rejected or aborted. */
  readonly reason?: string | undefined;
  /** Stands in every error that the service got. */
  readonly trackingId: string;
  readonly traceparent?: string | undefined;
}

/** Words of the two sides are cut at this length; a log line has to stay a line. */
const MAX_REASON_CHARACTERS = 256;

/** Writes the records through the hub's logger. */
export class ResourceLog {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Every record has every field; `null` stands for what does not apply. `time` is the logger's. */
  write(record: LogRecord): void {
    const {
      operation,
      deviceId,
      streamName,
      streamId,
      sessionId,
      resumeCount,
      policy,
      result,
      code = null,
      phase = null,
      durationMs,
      stepsMs = null,
    } = record;
    const { bytesToDevice = null, bytesToService = null, endedBy = null, trackingId, traceparent = null } = record;
    const reason = record.reason?.slice(0, MAX_REASON_CHARACTERS) ?? null;
    const what = { operation, deviceId, streamName, streamId, sessionId, resumeCount, policy, result, code, phase, durationMs, stepsMs };
    const end = { bytesToDevice, bytesToService, endedBy, reason, trackingId, traceparent };
    this.#logger.info({ category: 'DeviceStreams', ...what, ...end }, `${operation} ${result}`);
  }
}

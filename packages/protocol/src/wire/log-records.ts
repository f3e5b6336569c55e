// The resource log as REST shows it: a record, a page of them, and the guards for both (docs/protocol.md, section 15).
import { isWireCode, type WireCode } from '../errors/codes.ts';
import { asInteger, asObject, asString, fail, type Fields, optional } from './guards.ts';
import { MAX_LOGGED_RECORDS } from './limits.ts';

/** What a record is of: a stream request with its handshake, or a stream that was established. */
export type LogOperation = 'handshake' | 'stream';

/** How a handshake or a stream turned out. */
export type LogResult = 'established' | 'rejected' | 'timed-out' | 'cancelled' | 'failed' | 'clean' | 'terminated';

/** Who ended a stream. */
export type LogEndedBy = 'device' | 'service' | 'hub';

export const LOG_OPERATIONS: readonly LogOperation[] = ['handshake', 'stream'];
export const LOG_RESULTS: readonly LogResult[] = ['established', 'rejected', 'timed-out', 'cancelled', 'failed', 'clean', 'terminated'];
const ENDERS: readonly LogEndedBy[] = ['device', 'service', 'hub'];

/**
 * A record of the resource log. `null` stands for what does not apply. Text that the two sides have chosen has its control and
 * direction characters escaped, and nothing in it that looks like a key.
 */
export interface LogRecord {
  /** When it was written: at the end of what it tells of. ISO 8601, UTC. */
  readonly time: string;
  readonly category: 'DeviceStreams';
  readonly operation: LogOperation;
  readonly deviceId: string;
  /** Empty where the request was refused before it was read. */
  readonly streamName: string;
  /** Empty where the handshake could not begin. */
  readonly streamId: string;
  /** The id of the session's first stream; its own where it resumes none. */
  readonly sessionId: string;
  /** How often the session has been resumed, this stream included. */
  readonly resumeCount: number;
  /** Who asked for the stream. */
  readonly policy: string;
  /** The IP address that the request for the stream came from. */
  readonly address: string;
  readonly result: LogResult;
  /** Why, as a key of the error table. */
  readonly code: WireCode | null;
  /** Whom a handshake that ran out of time was waiting for. */
  readonly phase: string | null;
  /** When the handshake began, or the stream was established. ISO 8601, UTC. */
  readonly startTime: string;
  /** Of the handshake, or of the established stream. */
  readonly durationMs: number;
  /** When the steps of the handshake were reached, in milliseconds from its start. */
  readonly stepsMs: Readonly<Record<string, number>> | null;
  /** Payload bytes relayed. */
  readonly bytesToDevice: number | null;
  readonly bytesToService: number | null;
  readonly endedBy: LogEndedBy | null;
  /** The close code under which a stream's end was passed on. */
  readonly closeCode: number | null;
  /** The words of who rejected or aborted, 256 characters at most. */
  readonly reason: string | null;
  /** Stands in every error that the service got. */
  readonly trackingId: string;
  readonly traceparent: string | null;
}

/** Answer of `GET /v1/diagnostics/logs`: newest first. */
export interface LogPage {
  readonly records: readonly LogRecord[];
  /** `cursor` of the next page, of older records; absent on the last one. A page can be empty and have one. */
  readonly next?: string | undefined;
}

const MAX_TEXT_CHARACTERS = 2_048;
const MAX_CURSOR_CHARACTERS = 64;
const MAX_CLOSE_CODE = 4_999;
/** ISO 8601 with a zone; of a day alone UTC is meant. */
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d))?$/;

/** A moment that somebody wrote, in milliseconds since 1970. */
export function asTimeMs(value: unknown, path: string): number {
  const timeMs = typeof value === 'string' && TIME.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(timeMs)) fail(path, 'a time such as 2026-11-28T14:00:00Z, or a day such as 2026-11-28', value);
  return timeMs;
}

/** One of a few words. */
export function asOneOf<T extends string>(value: unknown, path: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === value);
  return word ?? fail(path, `one of ${words.join(', ')}`, value);
}

export function asCursor(value: unknown): string {
  return asString(value, 'cursor', MAX_CURSOR_CHARACTERS, /^\d{1,16}\.\d{1,16}$/);
}

export function asLogPage(fields: Fields): LogPage {
  const { records, next } = fields;
  if (!Array.isArray(records) || records.length > MAX_LOGGED_RECORDS) {
    fail('records', `a list of at most ${MAX_LOGGED_RECORDS}`, records);
  }
  return {
    records: records.map((record, index) => asLogRecord(asObject(record, `records[${index}]`))),
    next: optional(next, asCursor),
  };
}

export function asLogRecord(fields: Fields): LogRecord {
  const text = (name: string): string => asString(fields[name], name, MAX_TEXT_CHARACTERS);
  const textOrNull = (name: string): string | null => orNull(fields[name], () => text(name));
  const count = (name: string, most: number = Number.MAX_SAFE_INTEGER): number => asInteger(fields[name], name, 0, most);
  const countOrNull = (name: string, most?: number): number | null => orNull(fields[name], () => count(name, most));
  return {
    time: text('time'),
    category: asOneOf(fields['category'], 'category', ['DeviceStreams']),
    operation: asOneOf(fields['operation'], 'operation', LOG_OPERATIONS),
    deviceId: text('deviceId'),
    streamName: text('streamName'),
    streamId: text('streamId'),
    sessionId: text('sessionId'),
    resumeCount: count('resumeCount'),
    policy: text('policy'),
    address: text('address'),
    result: asOneOf(fields['result'], 'result', LOG_RESULTS),
    code: orNull(fields['code'], (code) => (isWireCode(code) ? code : fail('code', 'a key of the error table', code))),
    phase: textOrNull('phase'),
    startTime: text('startTime'),
    durationMs: count('durationMs'),
    stepsMs: orNull(fields['stepsMs'], (steps) => asSteps(asObject(steps, 'stepsMs'))),
    bytesToDevice: countOrNull('bytesToDevice'),
    bytesToService: countOrNull('bytesToService'),
    endedBy: orNull(fields['endedBy'], (side) => asOneOf(side, 'endedBy', ENDERS)),
    closeCode: countOrNull('closeCode', MAX_CLOSE_CODE),
    reason: textOrNull('reason'),
    trackingId: text('trackingId'),
    traceparent: textOrNull('traceparent'),
  };
}

function asSteps(fields: Fields): Record<string, number> {
  const steps = Object.entries(fields).map(([name, value]) => [name, asInteger(value, `stepsMs.${name}`, 0, Number.MAX_SAFE_INTEGER)]);
  return Object.fromEntries(steps) as Record<string, number>;
}

/** Applies `guard` unless the value says that it does not apply. */
function orNull<T>(value: unknown, guard: (present: unknown) => T): T | null {
  return value === null ? null : guard(value);
}

// The base of every error that leaves the public API.
import { ERRORS, type ErrorCode, type WireCode } from './codes.ts';

/** Shared by every copy of this package in a process, so that CommonJS and ESM recognise each other's errors. */
const brand = Symbol.for('@streams/error');

/** What an error can carry besides its code. */
export interface StreamsErrorOptions {
  /** Says more than the table's text; never a secret. */
  readonly message?: string | undefined;
  /** The error behind this one. */
  readonly cause?: unknown;
  /** Facts for a program: field names, limits, ids. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** Where the hub said when to try again. */
  readonly retryAfterMs?: number | undefined;
  /** Finds the matching record in the hub's log. */
  readonly trackingId?: string | undefined;
}

/** Base of all errors of the SDKs and the hub. Switch on {@link StreamsError.code}; the table is in docs/errors.md. */
export class StreamsError extends Error {
  override readonly name: string = 'StreamsError';
  /** Stable name of what happened, such as `STREAMS_DEVICE_NOT_CONNECTED`. */
  readonly code: ErrorCode;
  /** True if the same call can succeed later without a change. */
  readonly retryable: boolean;
  /** Facts for a program. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Milliseconds after which the hub asked to try again. */
  readonly retryAfterMs: number | undefined;
  /** Finds the matching record in the hub's log. */
  readonly trackingId: string | undefined;

  constructor(wireCode: WireCode, options: StreamsErrorOptions = {}) {
    const entry = ERRORS[wireCode];
    super(options.message ?? entry.message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = `STREAMS_${wireCode}`;
    this.retryable = entry.retryable;
    this.details = options.details ?? {};
    this.retryAfterMs = options.retryAfterMs;
    this.trackingId = options.trackingId;
    Object.defineProperty(this, brand, { value: true });
  }

  /** The code as it stands on the wire and in logs. */
  get wireCode(): WireCode {
    return this.code.slice('STREAMS_'.length) as WireCode;
  }

  /** True for errors of any copy of these packages; prefer it to `instanceof`. */
  static is(value: unknown): value is StreamsError {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** {@link StreamsError.is} for one subclass, which another copy has by the same name. */
export function isKind(value: unknown, name: string): boolean {
  return StreamsError.is(value) && value.name === name;
}

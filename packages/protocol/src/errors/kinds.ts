// The errors that carry fields of their own, and the one way to make an error from a wire code.
import { CLOSE_EXPIRED, CLOSE_IDLE, CLOSE_OVERLOADED, type EndedBy } from '../wire/close-codes.ts';
import { isResetCode, type ResetCode } from '../wire/reset-codes.ts';
import { isKind, StreamsError, type StreamsErrorOptions } from './base.ts';
import { ERRORS, type WireCode } from './codes.ts';

/** The device said no: `STREAMS_STREAM_REJECTED`, `STREAMS_NO_HANDLER` or `STREAMS_HANDLER_FAILED`. */
export class StreamRejectedError extends StreamsError {
  override readonly name = 'StreamRejectedError';
  /** The device's own words; empty where it gave none. */
  readonly reason: string;

  constructor(wireCode: RejectionCode, reason: string, options: StreamsErrorOptions = {}) {
    super(wireCode, { ...options, message: options.message ?? (reason === '' ? undefined : `the device rejected the stream: ${reason}`) });
    this.reason = reason;
  }

  /** True for such errors of any copy of these packages; prefer it to `instanceof`. */
  static override is(value: unknown): value is StreamRejectedError {
    return isKind(value, 'StreamRejectedError');
  }
}

/** Codes of a {@link StreamRejectedError}. */
export type RejectionCode = 'STREAM_REJECTED' | 'NO_HANDLER' | 'HANDLER_FAILED';

/** Whom the handshake was waiting for when its time was over. */
export type HandshakePhase = 'answer' | 'device-leg' | 'service-leg';

/** The stream was not established in time: `STREAMS_HANDSHAKE_TIMEOUT`. */
export class StreamTimeoutError extends StreamsError {
  override readonly name = 'StreamTimeoutError';
  /** Whom the handshake was waiting for. */
  readonly phase: HandshakePhase;
  /** The time that it had, in milliseconds. */
  readonly timeoutMs: number;

  constructor(phase: HandshakePhase, timeoutMs: number, options: StreamsErrorOptions = {}) {
    super('HANDSHAKE_TIMEOUT', { ...options, message: options.message ?? `${PHASE_TEXT[phase]} within ${timeoutMs} ms` });
    this.phase = phase;
    this.timeoutMs = timeoutMs;
  }

  /** True for such errors of any copy of these packages; prefer it to `instanceof`. */
  static override is(value: unknown): value is StreamTimeoutError {
    return isKind(value, 'StreamTimeoutError');
  }
}

const PHASE_TEXT: Record<HandshakePhase, string> = {
  answer: 'the device did not answer',
  'device-leg': 'the device accepted but did not connect its side of the stream',
  'service-leg': 'the service did not connect its side of the stream',
};

/** What is known of a stream's abnormal end. */
export interface Termination {
  /** Who ended it. */
  readonly by: EndedBy;
  /** The other side's words; empty where it gave none. */
  readonly reason: string;
  /** WebSocket close code of this side's leg; 1006 where none came. */
  readonly closeCode: number;
  /** Payload bytes received before the end. */
  readonly bytesRead: number;
  /** Payload bytes sent before the end; how many of them arrived is unknown. */
  readonly bytesWritten: number;
}

/**
 * An established stream ended before both sides had finished: `STREAMS_STREAM_TERMINATED`. Where the hub has ended it at a limit of
 * its own, `STREAMS_STREAM_EXPIRED`, `STREAMS_STREAM_IDLE` or `STREAMS_OVERLOADED`.
 */
export class StreamTerminatedError extends StreamsError {
  override readonly name = 'StreamTerminatedError';
  readonly by: EndedBy;
  readonly reason: string;
  readonly closeCode: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;

  constructor(termination: Termination) {
    const code = terminationCode(termination.closeCode);
    const limit = TERMINATING_LIMITS[termination.closeCode];
    const said = limit ? `: ${ERRORS[code].message}` : termination.reason === '' ? '' : `: ${termination.reason}`;
    super(code, {
      message: `the stream was ended by ${TERMINATED_BY[termination.by]} (${termination.closeCode})${said}`,
      details: limit && { limit: limit.option },
    });
    this.by = termination.by;
    this.reason = termination.reason;
    this.closeCode = termination.closeCode;
    this.bytesRead = termination.bytesRead;
    this.bytesWritten = termination.bytesWritten;
  }

  /** True for such errors of any copy of these packages; prefer it to `instanceof`. */
  static override is(value: unknown): value is StreamTerminatedError {
    return isKind(value, 'StreamTerminatedError');
  }
}

/** The limits of a hub at which it ends streams, by their close codes. */
const TERMINATING_LIMITS: Readonly<Record<number, { readonly code: WireCode; readonly option: string } | undefined>> = {
  [CLOSE_EXPIRED]: { code: 'STREAM_EXPIRED', option: 'maxStreamLifeMs' },
  [CLOSE_IDLE]: { code: 'STREAM_IDLE', option: 'maxStreamIdleMs' },
  [CLOSE_OVERLOADED]: { code: 'OVERLOADED', option: 'maxQueuedBytes' },
};

/** The code of a stream that did not end cleanly. */
export function terminationCode(closeCode: number): WireCode {
  return TERMINATING_LIMITS[closeCode]?.code ?? 'STREAM_TERMINATED';
}

const TERMINATED_BY: Record<EndedBy, string> = {
  local: 'this side',
  peer: 'the other side',
  hub: 'the hub',
  network: 'the loss of the connection to the hub',
};

/** What is known of a session that cannot go on. */
export interface SessionLoss {
  /** Why, as a FAIL code of the session protocol: `RESUME_TIMEOUT`, `RESUME_IMPOSSIBLE`, `ENDED`, `PROTOCOL`, … */
  readonly failure: string;
  readonly reason: string;
  /** Bytes of this direction that the other side has for sure, and those of which that is not known; the session's own headers included. */
  readonly bytesAcked: number;
  readonly bytesUnacked: number;
}

/** A session was lost, with the streams or channels on it: `STREAMS_SESSION_LOST`. */
export class SessionError extends StreamsError {
  override readonly name = 'SessionError';
  readonly failure: string;
  readonly bytesAcked: number;
  readonly bytesUnacked: number;

  constructor(loss: SessionLoss, options: StreamsErrorOptions = {}) {
    super('SESSION_LOST', { ...options, message: options.message ?? `the session was lost (${loss.failure}): ${loss.reason}` });
    this.failure = loss.failure;
    this.bytesAcked = loss.bytesAcked;
    this.bytesUnacked = loss.bytesUnacked;
  }

  /** True for such errors of any copy of these packages; prefer it to `instanceof`. */
  static override is(value: unknown): value is SessionError {
    return isKind(value, 'SessionError');
  }
}

/** A channel of a session was ended by something else than its user, or cannot be opened: `STREAMS_CHANNEL_RESET`. */
export class ChannelResetError extends StreamsError {
  override readonly name = 'ChannelResetError';
  /** Why. `SESSION_LOST`: the session ended under it. */
  readonly resetCode: ResetCode;
  /** The other side's words; empty where it gave none. */
  readonly reason: string;

  constructor(resetCode: ResetCode, reason: string, options: StreamsErrorOptions = {}) {
    const said = reason === '' ? '' : `: ${reason}`;
    super('CHANNEL_RESET', { ...options, message: options.message ?? `the channel was reset (${resetCode})${said}` });
    this.resetCode = resetCode;
    this.reason = reason;
  }

  /** True for such errors of any copy of these packages; prefer it to `instanceof`. */
  static override is(value: unknown): value is ChannelResetError {
    return isKind(value, 'ChannelResetError');
  }
}

/** The hub does not accept the credential: `STREAMS_UNAUTHENTICATED`. */
export class AuthenticationError extends StreamsError {
  override readonly name = 'AuthenticationError';

  constructor(options: StreamsErrorOptions = {}) {
    super('UNAUTHENTICATED', options);
  }

  /** True for such errors of any copy of these packages; prefer it to `instanceof`. */
  static override is(value: unknown): value is AuthenticationError {
    return isKind(value, 'AuthenticationError');
  }
}

/** The device is not connected to the hub: `STREAMS_DEVICE_NOT_CONNECTED`. */
export class DeviceNotConnectedError extends StreamsError {
  override readonly name = 'DeviceNotConnectedError';

  constructor(options: StreamsErrorOptions = {}) {
    super('DEVICE_NOT_CONNECTED', options);
  }

  /** True for such errors of any copy of these packages; prefer it to `instanceof`. */
  static override is(value: unknown): value is DeviceNotConnectedError {
    return isKind(value, 'DeviceNotConnectedError');
  }
}

/** A newer instance of the same device has taken this one's place: `STREAMS_REPLACED`. */
export class ReplacedError extends StreamsError {
  override readonly name = 'ReplacedError';

  constructor(options: StreamsErrorOptions = {}) {
    super('REPLACED', options);
  }

  /** True for such errors of any copy of these packages; prefer it to `instanceof`. */
  static override is(value: unknown): value is ReplacedError {
    return isKind(value, 'ReplacedError');
  }
}

/** Makes the error of a code, as the class that belongs to it. */
export function createError(wireCode: WireCode, options: StreamsErrorOptions = {}): StreamsError {
  switch (wireCode) {
    case 'STREAM_REJECTED':
    case 'NO_HANDLER':
    case 'HANDLER_FAILED':
      return new StreamRejectedError(wireCode, textOf(options.details?.['reason']), options);
    case 'HANDSHAKE_TIMEOUT':
      return new StreamTimeoutError(phaseOf(options.details?.['phase']), numberOf(options.details?.['timeoutMs']), options);
    case 'SESSION_LOST':
      return new SessionError(
        { failure: 'ENDED', reason: '', bytesAcked: 0, bytesUnacked: 0 },
        { message: ERRORS[wireCode].message, ...options },
      );
    case 'CHANNEL_RESET':
      return new ChannelResetError(resetCodeOf(options.details?.['resetCode']), textOf(options.details?.['reason']), options);
    case 'UNAUTHENTICATED':
      return new AuthenticationError(options);
    case 'DEVICE_NOT_CONNECTED':
      return new DeviceNotConnectedError(options);
    case 'REPLACED':
      return new ReplacedError(options);
    default:
      return new StreamsError(wireCode, options);
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function resetCodeOf(value: unknown): ResetCode {
  return isResetCode(value) ? value : 'INTERNAL';
}

function phaseOf(value: unknown): HandshakePhase {
  return value === 'device-leg' || value === 'service-leg' ? value : 'answer';
}

// What goes wrong on the way to a hub, as typed errors: an HTTP answer that is no success, a socket or TLS failure.
import { redact } from '../credentials/redact.ts';
import type { StreamsError } from '../errors/base.ts';
import { createError, type HandshakePhase } from '../errors/kinds.ts';
import { parseObject } from '../wire/guards.ts';
import { asErrorBody, asWaitMs, type ErrorBody } from '../wire/rest.ts';
import { codeOf, isTlsCode, type TlsContext, tlsError } from './tls-failures.ts';

const UNKNOWN_TLS: TlsContext = { host: 'the host that was dialled', trustSource: 'node' };

/** An HTTP answer that is no success. */
export interface HttpFailure {
  readonly status: number;
  /** The `Date` header, if any. */
  readonly date?: string | undefined;
  /** The `Retry-After` header, if any. */
  readonly retryAfter?: string | undefined;
  readonly body: string;
}

/**
 * The error of an HTTP answer: the hub's own code where it gave one; what a proxy on the way may have said otherwise.
 * @param phase Whom the handshake was waiting for, should a proxy have cut it with 504.
 */
export function httpError(failure: HttpFailure, phase: HandshakePhase, timeoutMs: number): StreamsError {
  const body = readBody(failure.body);
  const hubTimeMs = failure.date === undefined ? undefined : Date.parse(failure.date);
  const retryAfterMs = body?.retryAfterMs ?? retryAfter(failure, hubTimeMs);
  if (body) return createError(body.code, { ...body, retryAfterMs, details: { ...body.details, httpStatus: failure.status, hubTimeMs } });
  const options = {
    message: `the answer was HTTP ${failure.status}, not from a hub`,
    details: { httpStatus: failure.status },
    retryAfterMs,
  };
  if (failure.status === 401) return createError('UNAUTHENTICATED', options);
  if (failure.status === 504) return createError('HANDSHAKE_TIMEOUT', { ...options, details: { ...options.details, phase, timeoutMs } });
  return createError('CONNECT_FAILED', options);
}

/** `Retry-After` is a number of seconds or a date (RFC 9110 section 10.2.3); the sender's own clock counts. */
function retryAfter({ retryAfter: text = '' }: HttpFailure, nowMs = Number.NaN): number | undefined {
  return asWaitMs(/^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs);
}

/** The hub's time as it came with an error, for `Signer.adjustTo`. */
export function hubTimeOf(error: StreamsError): number | undefined {
  const timeMs = error.details['hubTimeMs'];
  return typeof timeMs === 'number' && Number.isFinite(timeMs) ? timeMs : undefined;
}

/**
 * The error of a connection that did not come about, or broke.
 * @param tls What is known of the TLS connection, for words that say what to do.
 * @param details Added to those of the error.
 */
export function connectError(cause: unknown, tls: TlsContext = UNKNOWN_TLS, details: object = {}): StreamsError {
  const code = codeOf(cause);
  if (isTlsCode(code)) return tlsError(cause as Error, tls, details);
  const text = cause instanceof Error ? redact(cause.message) || code : code;
  return createError('CONNECT_FAILED', { message: `the hub cannot be reached: ${text}`, details: { ...details, cause: code }, cause });
}

function readBody(text: string): ErrorBody | undefined {
  try {
    return asErrorBody(parseObject(text, 'body'));
  } catch {
    return undefined;
  }
}

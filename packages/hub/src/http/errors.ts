// Errors as HTTP answers, to a request and to a socket that wanted an upgrade.
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { createError, ERRORS, type ErrorBody, type Logger, StreamsError, type WireCode } from '@streams/protocol/internal';
import type { Answer } from './routes.ts';

const INTERNAL_STATUS = 500;
const UNAVAILABLE_STATUS = 503;
/** A hub that restarts is back by then; clients add their jitter. */
const RETRY_AFTER_MS = 1_000;

/** Who gets one of these is not authenticated, and gets no connection to keep. */
const TO_STRANGERS: readonly string[] = ['UNAUTHENTICATED', 'TOO_MANY_CONNECTIONS', 'TOO_MANY_FAILED_LOGINS'] satisfies WireCode[];

/** A thrown value as what the caller may see of it; what is none of ours goes to the log alone, and so does what a refusal has come from. */
export function toStreamsError(thrown: unknown, trackingId: string, logger: Logger): StreamsError {
  const isForCaller = StreamsError.is(thrown) && ERRORS[thrown.wireCode].httpStatus !== undefined && thrown.wireCode !== 'INTERNAL';
  const err = isForCaller ? thrown.wireCode === 'OVERLOADED' && thrown.cause : thrown;
  if (err) logger.error({ err, trackingId }, 'a request failed inside the hub');
  return isForCaller ? thrown : createError('INTERNAL');
}

/** Status and body of an error. */
export function errorAnswer(error: StreamsError, trackingId: string): { status: number; body: ErrorBody } {
  const { wireCode: code, message, retryable } = error;
  const status = ERRORS[code].httpStatus ?? INTERNAL_STATUS;
  const retryAfterMs = error.retryAfterMs ?? (status === UNAVAILABLE_STATUS ? RETRY_AFTER_MS : undefined);
  const details = { ...fieldsOf(error), ...error.details };
  return { status, body: { code, message, retryable, retryAfterMs, trackingId: error.trackingId ?? trackingId, details } };
}

/** What every answer has. Its `Date` is the hub's own time, by which clients correct theirs. */
export function setCommonHeaders(response: ServerResponse, { body, headers = {} }: Answer, keepAlive: boolean, wallMs: number): void {
  response.setHeader('Date', new Date(wallMs).toUTCString());
  if (!keepAlive || isToStranger(body)) response.setHeader('Connection', 'close');
  response.setHeader('Cache-Control', 'no-store');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

/** Sends an answer that is made: JSON, or another text. */
export function sendBody(response: ServerResponse, { status, body, text }: Answer): void {
  const { type, content } = text ?? { type: 'application/json', content: body && JSON.stringify(body) };
  if (content === undefined) {
    response.writeHead(status).end();
    return;
  }
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(content), ...retryAfter(body ?? {}) });
  response.end(content);
}

/** Answers an upgrade that is not granted, and closes. @returns the HTTP status. */
export function refuseUpgrade(socket: Duplex, error: StreamsError, trackingId: string, wallMs: number): number {
  const { status, body } = errorAnswer(error, trackingId);
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Date: ${new Date(wallMs).toUTCString()}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
    ...Object.entries(retryAfter(body)).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
  return status;
}

function isToStranger(body: Partial<ErrorBody> | undefined): boolean {
  return TO_STRANGERS.includes(body?.code ?? '');
}

/** The header for who does not read the body, such as a proxy. */
function retryAfter(body: Partial<ErrorBody>): Record<string, string> {
  return body.retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(body.retryAfterMs / 1_000)) };
}

/** The fields of the subclasses, which travel in `details`. */
function fieldsOf(error: StreamsError): Record<string, unknown> {
  const { reason, phase, timeoutMs } = error as Partial<Record<'reason' | 'phase' | 'timeoutMs', unknown>>;
  return { reason, phase, timeoutMs };
}

// Errors as HTTP answers, to a request and to a socket that wanted an upgrade.
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { createError, ERRORS, type ErrorBody, type Logger, StreamsError } from '@streams/protocol/internal';
import type { Answer } from './routes.ts';

const INTERNAL_STATUS = 500;
const UNAVAILABLE_STATUS = 503;
/** A hub that restarts is back by then; clients add their jitter. */
const RETRY_AFTER_MS = 1_000;

/** A thrown value as what the caller may see of it; what is none of ours goes to the log alone. */
export function toStreamsError(thrown: unknown, trackingId: string, logger: Logger): StreamsError {
  const isForCaller = StreamsError.is(thrown) && ERRORS[thrown.wireCode].httpStatus !== undefined && thrown.wireCode !== 'INTERNAL';
  if (isForCaller) return thrown;
  logger.error({ err: thrown, trackingId }, 'a request failed inside the hub');
  return createError('INTERNAL');
}

/** Status and body of an error. */
export function errorAnswer(error: StreamsError, trackingId: string): { status: number; body: ErrorBody } {
  const { wireCode: code, message, retryable } = error;
  const status = ERRORS[code].httpStatus ?? INTERNAL_STATUS;
  const retryAfterMs = error.retryAfterMs ?? (status === UNAVAILABLE_STATUS ? RETRY_AFTER_MS : undefined);
  const details = { ...fieldsOf(error), ...error.details };
  return { status, body: { code, message, retryable, retryAfterMs, trackingId: error.trackingId ?? trackingId, details } };
}

/** Sends an answer, unless the caller is gone. Its `Date` is the hub's own time, by which clients correct theirs. */
export function sendAnswer(response: ServerResponse, { status, body, text, send }: Answer, keepAlive: boolean, wallMs: number): void {
  if (response.headersSent || response.destroyed) return;
  response.setHeader('Date', new Date(wallMs).toUTCString());
  // Who is not authenticated gets no connection to keep.
  if (!keepAlive || status === 401) response.setHeader('Connection', 'close');
  response.setHeader('Cache-Control', 'no-store');
  if (send) return send(response);
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

/** The header for who does not read the body, such as a proxy. */
function retryAfter(body: Partial<ErrorBody>): Record<string, string> {
  return body.retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(body.retryAfterMs / 1_000)) };
}

/** The fields of the subclasses, which travel in `details`. */
function fieldsOf(error: StreamsError): Record<string, unknown> {
  const { reason, phase, timeoutMs } = error as Partial<Record<'reason' | 'phase' | 'timeoutMs', unknown>>;
  return { reason, phase, timeoutMs };
}

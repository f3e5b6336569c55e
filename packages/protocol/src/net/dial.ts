// One attempt to open a WebSocket to a hub: a leg, or a typed error.
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { abortedError, onAbort } from '../async/abort.ts';
import { deferred } from '../async/deferred.ts';
import type { StreamsError } from '../errors/base.ts';
import { createError, type HandshakePhase } from '../errors/kinds.ts';
import type { Leg } from '../leg/leg.ts';
import type { LivenessTimes } from '../leg/liveness.ts';
import { WS_OPTIONS, WsLeg } from '../leg/ws-leg.ts';
import type { Clock } from '../time/clock.ts';
import { MAX_BODY_BYTES } from '../wire/limits.ts';
import { type Access, connectHub } from './connect.ts';
import { connectError, httpError } from './failures.ts';

/** Where to, as whom, and how long to wait. */
export interface DialOptions extends Access {
  readonly url: URL;
  /** The subprotocol that the hub must select. */
  readonly protocol: string;
  /** Value of the `Authorization` header. */
  readonly authorization: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly clock: Clock;
  readonly maxMessageBytes: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Default: those of a stream leg. */
  readonly times?: LivenessTimes | undefined;
  /** Bounds a clean close, in milliseconds; see `WsLegOptions`. */
  readonly cleanCloseLimitMs?: number | undefined;
  /** Whom the handshake waits for, should the time run out. */
  readonly phase: HandshakePhase;
}

/**
 * Opens the WebSocket. The leg it resolves with is paused.
 * @throws `STREAMS_CONNECT_FAILED`, `STREAMS_TLS_FAILED`, `STREAMS_ABORTED`, or what the hub answered instead.
 */
export async function dial(options: DialOptions): Promise<Leg> {
  const { clock, timeoutMs } = options;
  const endMs = clock.monotonicMs() + timeoutMs;
  const socket = await connectHub(options);
  const { promise, resolve, reject } = deferred<Leg>();
  const ws = open(options, socket);
  const giveUp = (error: StreamsError): void => {
    reject(error);
    ws.terminate();
  };
  ws.once('open', () => resolve(new WsLeg(ws, socket, { ...options, side: 'client' })));
  ws.on('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
    void refusal(response, options).then(giveUp);
  });
  ws.on('error', (error) => reject(connectError(error)));
  const stopWaiting = clock.after(endMs - clock.monotonicMs(), () => giveUp(timedOut(options)));
  const forget = onAbort(options.signal, () => giveUp(abortedError(options.signal as AbortSignal)));
  try {
    return await promise;
  } finally {
    stopWaiting();
    forget();
  }
}

function open(options: DialOptions, socket: TLSSocket): WebSocket {
  return new WebSocket(options.url, [options.protocol], {
    ...WS_OPTIONS,
    maxPayload: options.maxMessageBytes,
    followRedirects: false,
    headers: { ...options.headers, Authorization: options.authorization },
    createConnection: () => socket,
  } as ConstructorParameters<typeof WebSocket>[2]);
}

async function refusal(response: IncomingMessage, options: DialOptions): Promise<StreamsError> {
  let body = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      body += String(chunk);
      if (body.length > MAX_BODY_BYTES) break;
    }
  } catch (error) {
    return connectError(error);
  }
  const { date, 'retry-after': retryAfter } = response.headers;
  return httpError({ status: response.statusCode ?? 0, date, retryAfter, body }, options.phase, options.timeoutMs);
}

function timedOut(options: DialOptions): StreamsError {
  return createError('CONNECT_FAILED', { message: `the hub did not answer within ${options.timeoutMs} ms` });
}

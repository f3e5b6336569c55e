// A TLS connection to a hub, direct or through a proxy: verified, or a typed error.
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { abortedError, onAbort, throwIfAborted } from '../async/abort.ts';
import { deferred } from '../async/deferred.ts';
import type { StreamsError } from '../errors/base.ts';
import { createError } from '../errors/kinds.ts';
import type { Clock } from '../time/clock.ts';
import { hostOf, portOf } from '../wire/urls.ts';
import { connectError } from './failures.ts';
import type { ProxyFor } from './proxy.ts';
import type { Trust } from './trust.ts';
import { openTunnel } from './tunnel.ts';

/** How a client reaches its hub. */
export interface Access {
  readonly trust: Trust;
  readonly proxyFor: ProxyFor;
}

/** One connection. */
export interface ConnectOptions extends Access {
  readonly url: URL;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The method is in every version of Node, and in none of its documentation. */
type ResumableSocket = TLSSocket & { setSession?(session: Buffer): void };

/**
 * Resolves with the connection, to be used in the same turn: nobody listens to it yet.
 * @throws `STREAMS_CONNECT_FAILED`, `STREAMS_TLS_FAILED`, `STREAMS_ABORTED`; `details.proxy` names the proxy on the way, if any.
 */
export async function connectHub(options: ConnectOptions): Promise<TLSSocket> {
  throwIfAborted(options.signal);
  const { url, clock, timeoutMs } = options;
  const proxy = options.proxyFor(url);
  const details = proxy && { proxy: proxy.address };
  let whom = proxy ? `the proxy ${proxy.address}` : 'the hub';
  const end = new AbortController();
  const stopWaiting = clock.after(timeoutMs, () => {
    end.abort(createError('CONNECT_FAILED', { message: `${whom} did not answer within ${timeoutMs} ms`, details }));
  });
  const forget = onAbort(options.signal, () => end.abort(abortedError(options.signal as AbortSignal)));
  try {
    const below = proxy && (await openTunnel(proxy, `${url.hostname}:${portOf(url)}`, end.signal));
    whom = 'the hub';
    return await secure(below, options, details, end.signal);
  } finally {
    stopWaiting();
    forget();
  }
}

async function secure(
  below: Socket | undefined,
  { url, trust }: Access & { readonly url: URL },
  details: object | undefined,
  end: AbortSignal,
): Promise<TLSSocket> {
  const host = hostOf(url);
  const { promise, resolve, reject } = deferred<void>();
  const socket = open(below, url, trust);
  let certificate: DetailedPeerCertificate | undefined;
  const fail = (cause: unknown): void => reject(connectError(cause, { host, trustSource: trust.source, certificate }, details));
  // Node's own listener, behind this one, destroys a socket that it does not trust, and the certificate with it.
  socket.prependOnceListener('secure', () => {
    if (!socket.isSessionReused()) certificate = socket.getPeerCertificate(true);
  });
  socket.on('session', (session: Buffer) => trust.sessions.set(url.host, session));
  socket.once('secureConnect', resolve);
  // Stays: an error in the turn in which the socket changes hands would otherwise be nobody's.
  socket.on('error', fail);
  await untilEnd(promise, socket, end, reject);
  if (socket.destroyed) throw connectError(socket.errored, undefined, details);
  return socket;
}

function open(below: Socket | undefined, url: URL, trust: Trust): TLSSocket {
  const session = trust.sessions.get(url.host);
  const options = tlsOptions(hostOf(url), trust);
  if (below) return connectTls({ ...options, socket: below, session });
  const socket: ResumableSocket = connectTls({ ...options, port: portOf(url) });
  // Node would decode the session twice, 0.6 ms each, and for a hub that does not listen, too. Without this method it is a full handshake.
  socket.prependOnceListener('connect', () => {
    socket.setNoDelay(true);
    if (session) socket.setSession?.(session);
  });
  return socket;
}

async function untilEnd(promise: Promise<void>, socket: Socket, end: AbortSignal, reject: (error: StreamsError) => void): Promise<void> {
  const forget = onAbort(end, () => {
    socket.destroy();
    reject(end.reason as StreamsError);
  });
  try {
    await promise;
  } finally {
    forget();
  }
}

function tlsOptions(host: string, trust: Trust): ConnectionOptions {
  return {
    host,
    servername: isIP(host) === 0 ? host : '',
    secureContext: trust.context,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
  };
}

// A tunnel through a forward proxy: one CONNECT, and a plain socket to the hub or an error that says it was the proxy.
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { onAbort } from '../async/abort.ts';
import { deferred } from '../async/deferred.ts';
import { redact } from '../credentials/redact.ts';
import { StreamsError } from '../errors/base.ts';
import { createError } from '../errors/kinds.ts';
import type { HttpProxy } from './proxy.ts';
import { codeOf, isTlsCode, tlsReason } from './tls-failures.ts';

/**
 * Resolves with the tunnel's socket, to be used in the same turn. Bytes that came with the proxy's answer are in it.
 * @param target `host:port`, IPv6 in brackets.
 * @param signal Its reason, a `StreamsError`, is what this rejects with.
 * @throws `STREAMS_CONNECT_FAILED`; `STREAMS_TLS_FAILED` for the certificate of the proxy itself. `details.proxy` is its `host:port`.
 */
export async function openTunnel(proxy: HttpProxy, target: string, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = deferred<Socket>();
  const request = httpRequest({
    method: 'CONNECT',
    path: target,
    headers: { Host: target, ...(proxy.authorization && { 'Proxy-Authorization': proxy.authorization.reveal() }) },
    createConnection: () => connectTo(proxy),
  });
  request.on('error', (error) => reject(StreamsError.is(error) ? error : proxyFailure(proxy, error)));
  request.once('connect', (response: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => undefined);
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) {
      if (head.length > 0) socket.unshift(head);
      return resolve(socket);
    }
    socket.destroy();
    reject(refused(proxy, target, statusCode));
  });
  const forget = onAbort(signal, () => request.destroy(signal.reason as StreamsError));
  request.end();
  try {
    return await promise;
  } finally {
    forget();
  }
}

/** The proxy of https:// is trusted by Node's own roots: what the client trusts is for the hub. */
function connectTo({ secure, host, port }: HttpProxy): Socket {
  if (!secure) return connectTcp({ host, port });
  const servername = isIP(host) === 0 ? host : undefined;
  return connectTls({ host, port, servername, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], rejectUnauthorized: true });
}

function refused(proxy: HttpProxy, target: string, status: number): StreamsError {
  const message = `the proxy ${proxy.address} ${refusalText(proxy, target, status)}`;
  return createError('CONNECT_FAILED', { message, details: { proxy: proxy.address, proxyStatus: status } });
}

function refusalText({ authorization, source }: HttpProxy, target: string, status: number): string {
  if (status === 407 && authorization) return `does not accept the user and password (407): correct them in ${source}`;
  if (status === 407) return `wants a user and a password (407): add them in ${source}, as http://user:password@host:port`;
  if (status === 403) return `does not permit a connection to ${target} (403): have it permitted, or exempt the hub with NO_PROXY`;
  return `answered ${status} instead of connecting to ${target}`;
}

function proxyFailure(proxy: HttpProxy, cause: NodeJS.ErrnoException): StreamsError {
  const code = codeOf(cause);
  const details = { proxy: proxy.address, cause: code };
  const text = redact(cause.message) || code;
  if (isTlsCode(code)) {
    const message = `the TLS connection to the proxy ${proxy.address} cannot be trusted: ${text}; add its CA with NODE_EXTRA_CA_CERTS`;
    return createError('TLS_FAILED', { message, details: { ...details, reason: tlsReason(code, cause.message, 'node') }, cause });
  }
  const problem = code.startsWith('HPE_') ? 'gave an answer that is not HTTP' : `cannot be reached, or left without an answer: ${text}`;
  return createError('CONNECT_FAILED', { message: `the proxy ${proxy.address} ${problem}`, details, cause });
}

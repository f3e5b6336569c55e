// The server with the baseline of reliability.md 5.5, and the shutting of it.
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer, Server as TlsServer, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TICKET_KEYS_LIFE_MS } from '../tls/ticket-keys.ts';
import { keepLongRequests } from './long-requests.ts';

/** Certificate and key, PEM. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
  /** For TLS session tickets, 48 bytes. Default: new ones for each start and each certificate. */
  readonly ticketKeys?: Buffer | undefined;
}

/** What the server hands on. */
export interface ServerHandlers {
  readonly onRequest: RequestListener;
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** A connection was dropped, since there are as many as there may be. */
  readonly onDrop: () => void;
}

const TIMES = {
  handshakeTimeout: 10_000,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
  // Services keep their connection between streams; who is not authenticated is told to close.
  keepAliveTimeout: 65_000,
} as const;

const TLS = {
  minVersion: 'TLSv1.2',
  // Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
  ciphers:
    'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
  honorCipherOrder: true,
  // Costs the server more than the client, and no client needs it.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  ALPNProtocols: ['http/1.1'],
  /** Seconds; Node's own five minutes end before a device has reason to come back. */
  sessionTimeout: TICKET_KEYS_LIFE_MS / 1_000,
  // Node's own goes by the arguments of the process.
  sessionIdContext: 'streams',
} as const;

const MAX_HEADER_BYTES = 8_192;
/** Of a request. */
export const MAX_HEADERS = 64;
/** Descriptors kept for files, the log, and connections of the hub's own. */
const RESERVED_DESCRIPTORS = 512;

/**
 * What the hub's own server is made with, for `createServer` of `node:https` or `node:http`: time limits, header size, TLS versions
 * and ciphers. A key and a certificate are to be added, and `maxHeadersCount` is a property of the server.
 */
export const hubServerOptions: Readonly<ServerOptions> = {
  ...TLS,
  ...TIMES,
  ALPNProtocols: [...TLS.ALPNProtocols],
  maxHeaderSize: MAX_HEADER_BYTES,
  noDelay: true,
};

/** A server that does not listen yet. @param pair `undefined`: plain HTTP. @param servers How many share the descriptors. */
export function createHubServer(pair: KeyPair | undefined, handlers: ServerHandlers, servers: number): Server {
  const server = pair ? createServer({ ...hubServerOptions, ...pairOptions(pair) }) : createPlainServer({ ...hubServerOptions });
  // Node leaves out silently what is beyond; one more shows that there are too many.
  server.maxHeadersCount = MAX_HEADERS + 1;
  server.maxConnections = Math.floor(maxConnections() / servers);
  server.on('request', handlers.onRequest);
  server.on('upgrade', handlers.onUpgrade);
  keepLongRequests(server);
  server.on('drop', handlers.onDrop);
  return server;
}

/** New connections get this pair; those that are there keep theirs. The baseline is set again, or Node would fall back to its own. */
export function presentKeyPair(server: Server, pair: KeyPair): void {
  if (server instanceof TlsServer) server.setSecureContext({ ...TLS, ...pairOptions(pair) });
}

function pairOptions({ key, cert, ticketKeys }: KeyPair): { key: string; cert: string; ticketKeys?: Buffer } {
  return { key, cert, ...(ticketKeys && { ticketKeys }) };
}

/** Stops listening and resolves once every connection is gone; those that stay are cut after `limitMs`. */
export function closeServer(server: Server, sockets: ReadonlySet<Socket>, after: (cut: () => void) => () => void): Promise<void> {
  const stopWaiting = after(() => {
    for (const socket of sockets) socket.destroy();
  });
  return new Promise((resolve) => {
    server.close(() => {
      stopWaiting();
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Every open TCP connection of the server, upgraded or not. */
export function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** The most descriptors that this process may open; undefined where the system does not say. */
export function descriptorLimit(): number | undefined {
  const limit = /^Max open files\s+(\d+)/m.exec(readLimits())?.[1];
  return limit === undefined ? undefined : Number(limit);
}

/** Beyond the descriptor limit the kernel would drop connections without a word. */
function maxConnections(): number {
  return Math.max(RESERVED_DESCRIPTORS, (descriptorLimit() ?? 20_000) - RESERVED_DESCRIPTORS);
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return ''; // not Linux
  }
}

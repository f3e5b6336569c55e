// Opens the ports of a hub, one for both endpoints or one for each, and shuts them.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createError } from '@streams/protocol/internal';
import type { Ports } from '../config/addresses.ts';
import type { Front } from './front.ts';
import { closeServer, createHubServer, type KeyPair, presentKeyPair, type ServerHandlers, trackSockets } from './server.ts';
import { isLoopback } from './trusted-proxies.ts';

/** Of the main endpoint. */
export const DEFAULT_PORT = 8443;
/** Where a hub listens that has no TLS. */
const PLAIN_HOST = '127.0.0.1';

/** A port, and on which address. */
export interface ListenAddress {
  /** Default: 8443. 0 takes a free one. */
  readonly port?: number | undefined;
  /** Default: all addresses; with `tls: false` 127.0.0.1, and then nothing but loopback is taken. */
  readonly host?: string | undefined;
}

/** Where a hub listens. */
export interface ListenOptions extends ListenAddress {
  /** A port for legs alone; the other one then takes none. Default: one port for everything. `port` must be given. */
  readonly streaming?: (ListenAddress & { readonly port: number }) | undefined;
}

/** Open ports. */
export interface Listeners {
  readonly ports: Ports;
  /** Another certificate for whoever connects from now on. */
  readonly present: (pair: KeyPair) => void;
  /** How many are open. */
  connections(): number;
  /** Ends kept-alive connections on which nobody waits for an answer. */
  closeIdle(): void;
  /** Resolves once every connection is gone. */
  close(after: (cut: () => void) => () => void): Promise<void>;
}

/**
 * Opens all ports, or none. @param pair `undefined`: plain HTTP, on loopback.
 * @throws `STREAMS_INVALID_ARGUMENT` that names what is wrong.
 */
export async function openListeners(pair: KeyPair | undefined, front: Front, options: ListenOptions): Promise<Listeners> {
  const { streaming } = options;
  const wanted = streaming
    ? [
        { address: options, handlers: front.handlers('main'), path: '' },
        { address: streaming, handlers: front.handlers('streaming'), path: 'streaming.' },
      ]
    : [{ address: options, handlers: front.handlers(), path: '' }];
  if (pair === undefined) for (const { address, path } of wanted) checkLoopback(address.host ?? PLAIN_HOST, path);
  const opened = wanted.map(({ address, handlers, path }) => {
    const server = serverOf(pair, handlers, wanted.length);
    return { server, sockets: trackSockets(server), address, path };
  });
  const close: Listeners['close'] = async (after) => {
    await Promise.all(opened.map(({ server, sockets }) => closeServer(server, sockets, after)));
  };
  try {
    for (const { server, address, path } of opened) await listening(server, address, pair ? undefined : PLAIN_HOST, path);
  } catch (error) {
    await close((cut) => {
      cut();
      return () => undefined;
    });
    throw error;
  }
  const ports = opened.map(({ server }) => (server.address() as AddressInfo).port);
  const present = (newPair: KeyPair): void => opened.forEach(({ server }) => presentKeyPair(server, newPair));
  const connections = (): number => opened.reduce((sum, { sockets }) => sum + sockets.size, 0);
  const closeIdle = (): void => opened.forEach(({ server }) => server.closeIdleConnections());
  return { ports: { main: ports[0] ?? 0, streaming: ports.at(-1) ?? 0 }, present, connections, closeIdle, close };
}

function checkLoopback(host: string, path: string): void {
  if (isLoopback(host)) return;
  throw createError('INVALID_ARGUMENT', {
    message: `listen: ${path}host: without TLS the hub listens on 127.0.0.0/8 or ::1 alone; end TLS on the same machine, or give it a certificate`,
    details: { field: `${path}host` },
  });
}

function serverOf(pair: KeyPair | undefined, handlers: ServerHandlers, servers: number): Server {
  try {
    return createHubServer(pair, handlers, servers);
  } catch (cause) {
    throw createError('INVALID_ARGUMENT', {
      message: 'tls: expected a private key and its certificate in PEM',
      details: { field: 'tls' },
      cause,
    });
  }
}

function listening(
  server: Server,
  { port = DEFAULT_PORT, host }: ListenAddress,
  defaultHost: string | undefined,
  path: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(createError('INVALID_ARGUMENT', { message: `listen: ${cause.message}`, details: { field: `${path}port` }, cause }));
    });
    server.listen(port, host ?? defaultHost, () => resolve());
  });
}

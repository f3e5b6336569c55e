// A TLS server on the loopback interface that says what a test wants, and forgets nobody when it closes.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { KeyPair } from './certificates.ts';

/** What the server does with an upgrade. */
export type OnUpgrade = (request: IncomingMessage, socket: Duplex) => void;

/** Listens on 127.0.0.1. */
export class TlsServer {
  /** Requests for an upgrade so far. */
  readonly requests: IncomingMessage[] = [];
  /** TCP connections so far. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('tlsClientError', () => undefined);
  }

  static async listen(keyPair: KeyPair, onUpgrade: OnUpgrade): Promise<TlsServer> {
    const server = createServer({ ...keyPair });
    const listening = new TlsServer(server);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      socket.on('error', () => undefined);
      listening.requests.push(request);
      onUpgrade(request, socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return listening;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Sockets that are still there, on this side. */
  get open(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** A response as bytes. */
export function responseOf(status: string, headers: Readonly<Record<string, string>>, body = ''): string {
  const lines = Object.entries({ 'Content-Length': String(Buffer.byteLength(body)), ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`;
}

/** The 101 that belongs to `request`, with more headers or other ones. */
export function switchingProtocols(request: IncomingMessage, headers: Readonly<Record<string, string>>): string {
  const key = `${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  const lines = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept, ...headers };
  return `HTTP/1.1 101 Switching Protocols\r\n${Object.entries(lines)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
}

// The hub's end of the network: a TLS server in which hubs come and go, and whose sockets can be cut by what they are for.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type Hub, hubServerOptions } from '@streams/hub';
import { type Certificate, certificateFor } from '@streams/testkit';
import { until } from './waiting.ts';

/** One for all: to make it takes longer than all else at a start. */
export const certificate: Certificate = certificateFor('127.0.0.1');

/** See the top of this file. */
export class Network {
  hub: Hub | undefined;
  readonly #server: Server = createServer({ ...hubServerOptions, ...certificate });
  readonly #connections = new Set<Socket>();
  readonly #upgraded = new Map<string, Set<Socket>>();
  #answering = 0;

  async listen(): Promise<number> {
    this.#server.on('request', (request, response) => {
      this.#answering += 1;
      response.once('close', () => (this.#answering -= 1));
      this.hub?.handleRequest(request, response);
    });
    this.#server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket as Socket, head));
    this.#server.on('connection', (socket: Socket) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Requests that are being answered. */
  get answering(): number {
    return this.#answering;
  }

  /** Loses what the connections for this path carry from now on: to the hub, or from it. They are to be cut soon. */
  lose(path: string, way: 'up' | 'down'): void {
    for (const socket of this.#upgraded.get(path) ?? []) {
      if (way === 'up') socket.pause();
      else socket.cork();
    }
  }

  /** Cuts the connections that were upgraded for this path; resolves once the hub knows. */
  async cut(path: string): Promise<void> {
    const sockets = [...(this.#upgraded.get(path) ?? [])];
    for (const socket of sockets) socket.destroy();
    await until(`the end of ${path}`, () => (this.#upgraded.get(path)?.size ?? 0) === 0);
    // What is told of the socket's end is told to the hub's other parts in the turns that follow.
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** True while somebody has a connection for this path. */
  has(path: string): boolean {
    return (this.#upgraded.get(path)?.size ?? 0) > 0;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const path = request.url ?? '';
    const sockets = this.#upgraded.get(path) ?? new Set();
    this.#upgraded.set(path, sockets.add(socket));
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) this.#upgraded.delete(path);
    });
    this.hub?.handleUpgrade(request, socket, head);
  }
}

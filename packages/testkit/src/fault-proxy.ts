// A TCP proxy on the loopback interface whose network is as bad as a test wants it.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Random } from '@streams/protocol/internal';
import { FaultPipe, type Faults, resetSocket } from './fault-pipe.ts';
import { seededRandom } from './seeded-random.ts';

/** Faults by direction: `up` from the client to the target, `down` back. */
export interface FaultsByDirection {
  readonly up?: Faults;
  readonly down?: Faults;
}

/** One side of a connection, as the proxy sees it. */
export type ProxySide = 'client' | 'target';

/** One client's connection through the proxy. */
export class FaultConnection {
  readonly up: FaultPipe;
  readonly down: FaultPipe;
  /** Resolves once both sockets are gone. */
  readonly closed: Promise<unknown>;
  readonly #client: Socket;
  readonly #target: Socket;

  constructor(client: Socket, target: Socket, random: Random) {
    this.#client = client;
    this.#target = target;
    this.up = new FaultPipe(client, target, random, () => this.reset());
    this.down = new FaultPipe(target, client, random, () => this.reset());
    this.closed = Promise.all([closeOf(client), closeOf(target)]);
  }

  /** Changes this connection's faults from here on. */
  inject(faults: FaultsByDirection): void {
    this.up.inject(faults.up ?? {});
    this.down.inject(faults.down ?? {});
  }

  /** Sends a RST to both sides, or to one; the other then keeps its socket. */
  reset(side?: ProxySide): void {
    for (const socket of this.#sockets(side)) resetSocket(socket);
  }

  /** Sends a FIN to both sides, or to one, whatever is still on the way. */
  end(side?: ProxySide): void {
    for (const socket of this.#sockets(side)) socket.end();
  }

  #sockets(side: ProxySide | undefined): Socket[] {
    if (side === undefined) return [this.#client, this.#target];
    return [side === 'client' ? this.#client : this.#target];
  }
}

/** What a {@link FaultProxy} stands in front of. */
export interface FaultProxyOptions {
  readonly port: number;
  readonly host?: string;
  /** Decides on jitter. */
  readonly random?: Random;
}

/** Listens on 127.0.0.1 and forwards to a target port. */
export class FaultProxy {
  /** The open connections, oldest first. */
  readonly connections: FaultConnection[] = [];
  readonly #server: Server;
  #target: { readonly host: string; readonly port: number };
  readonly #random: Random;
  #faults: { readonly up: Faults; readonly down: Faults } = { up: {}, down: {} };

  private constructor(options: FaultProxyOptions) {
    this.#target = { host: options.host ?? '127.0.0.1', port: options.port };
    this.#random = options.random ?? seededRandom(1);
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#forward(client));
  }

  /** Starts a proxy in front of `options.port`, on a port of its own. */
  static async listen(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** Where clients connect to. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Changes the faults of all connections, those to come included. */
  inject(faults: FaultsByDirection): void {
    this.#faults = { up: { ...this.#faults.up, ...faults.up }, down: { ...this.#faults.down, ...faults.down } };
    for (const connection of this.connections) connection.inject(faults);
  }

  /** Leads new connections to another port, as a balancer does; those that are open stay where they are. */
  retarget(port: number): void {
    this.#target = { ...this.#target, port };
  }

  /** Stops listening and cuts what is open. */
  async close(): Promise<void> {
    const closed = [once(this.#server, 'close'), ...this.connections.map((connection) => connection.closed)];
    this.#server.close();
    for (const connection of this.connections) connection.reset();
    await Promise.all(closed);
  }

  #forward(client: Socket): void {
    const target = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    const connection = new FaultConnection(client, target, this.#random);
    connection.inject(this.#faults);
    this.connections.push(connection);
    void connection.closed.then(() => this.connections.splice(this.connections.indexOf(connection), 1));
  }
}

function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

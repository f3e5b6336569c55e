// The network of the device: an HTTP proxy through which it reaches the hub, and which can be cut.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** See the file's head. */
export class Network {
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  #isCut = false;

  private constructor() {
    this.#server = createServer().on('connect', (request, client: Duplex) => this.#tunnel(request.url ?? '', client));
  }

  static async start(): Promise<Network> {
    const network = new Network();
    network.#server.listen(0, '127.0.0.1');
    await once(network.#server, 'listening');
    return network;
  }

  /** For the variable HTTPS_PROXY. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on nothing passes, and nobody is told. Gives how many connections that hits. */
  cut(): number {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.pause();
    return this.#sockets.size / 2;
  }

  /** It is there again, and knows nothing of its connections. */
  restore(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    this.restore();
  }

  #tunnel(target: string, client: Duplex): void {
    const { hostname, port } = new URL(`http://${target}`);
    const hub: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
    for (const [socket, other] of [
      [client, hub],
      [hub, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        // The news of an end do not pass either.
        if (!this.#isCut) other.destroy();
      });
    }
    // Who is not let through waits.
    if (this.#isCut) return;
    hub.once('connect', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.on('data', (bytes: Buffer) => forward(bytes, client, hub, () => this.#isCut));
      hub.on('data', (bytes: Buffer) => forward(bytes, hub, client, () => this.#isCut));
    });
  }
}

function forward(bytes: Buffer, from: Duplex, to: Duplex, isCut: () => boolean): void {
  if (to.write(bytes)) return;
  from.pause();
  to.once('drain', () => isCut() || from.resume());
}

// The network of the device or the desk: an HTTP proxy, through which one reaches the hub, and which can be cut.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** See the file's head. */
export class Network {
  readonly #server: Server;
  readonly #hubPort: number;
  readonly #sockets = new Set<Duplex>();
  #isCut = false;

  private constructor(hubPort: number) {
    this.#hubPort = hubPort;
    this.#server = createServer().on('connect', (_request, client: Duplex) => this.#tunnel(client));
  }

  /** It knows one host, under whatever name. */
  static async start(hubPort: number): Promise<Network> {
    const network = new Network(hubPort);
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

  #tunnel(client: Duplex): void {
    const hub: Socket = connect({ host: '127.0.0.1', port: this.#hubPort, noDelay: true });
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

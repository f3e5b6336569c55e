// A middlebox that forgets connections: it cuts each over which nothing has gone for some time, in either direction.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class ImpatientMiddlebox {
  /** The port behind it. */
  target = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(mostIdleMs: number) {
    this.#server = createServer((socket) => this.#join(socket, connect(this.target, '127.0.0.1'), mostIdleMs));
  }

  static async start(mostIdleMs: number): Promise<ImpatientMiddlebox> {
    const middlebox = new ImpatientMiddlebox(mostIdleMs);
    middlebox.#server.listen(0, '127.0.0.1');
    await once(middlebox.#server, 'listening');
    return middlebox;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket, far: Socket, mostIdleMs: number): void {
    const end = (): void => {
      clearTimeout(idle);
      near.destroy();
      far.destroy();
    };
    const idle = setTimeout(end, mostIdleMs);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('data', () => idle.refresh()).on('error', end);
      from.on('close', () => {
        this.#sockets.delete(from);
        end();
      });
      from.pipe(to);
    }
  }
}

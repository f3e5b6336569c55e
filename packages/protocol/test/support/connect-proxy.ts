// A forward proxy made by hand, which answers a CONNECT as a test wants, and forgets nobody when it closes.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** Answers the head of a CONNECT. */
export type OnConnect = (client: Socket, head: string) => void;

/** Listens on 127.0.0.1 until the test ends. */
export class ConnectProxy {
  /** The heads of the requests so far. */
  readonly heads: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(onConnect: OnConnect) {
    this.#server = createServer((client) => {
      this.#keep(client);
      let head = '';
      const read = (chunk: Buffer): void => {
        head += chunk.toString('latin1');
        if (!head.endsWith('\r\n\r\n')) return;
        client.off('data', read).pause();
        this.heads.push(head);
        onConnect(client, head);
      };
      client.on('data', read);
    });
  }

  static async listen(onConnect?: OnConnect): Promise<ConnectProxy> {
    const proxy: ConnectProxy = new ConnectProxy(onConnect ?? ((client, head) => proxy.join(client, head)));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    onTestFinished(async () => {
      for (const socket of proxy.#sockets) socket.destroy();
      proxy.#server.close();
      await once(proxy.#server, 'close');
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Sockets that are still there, on this side. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Makes the tunnel, and sends `answer` before anything that comes through it. */
  join(client: Socket, head: string, answer: Buffer = Buffer.from(ESTABLISHED)): void {
    const [, host = '', port] = /^CONNECT \[?([^\] ]+?)\]?:(\d+) /.exec(head) ?? [];
    const target = connect({ host, port: Number(port), noDelay: true });
    this.#keep(target);
    target.once('connect', () => {
      client.write(answer);
      client.pipe(target).pipe(client);
    });
    target.once('close', () => client.destroy());
    client.once('close', () => target.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket.setNoDelay(true).on('error', () => undefined));
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

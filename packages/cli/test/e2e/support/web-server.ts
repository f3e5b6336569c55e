// A web server of the device: a page with many assets, files of random bytes, a WebSocket echo, server-sent events.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** Half of them scripts, half of them images. */
export const ASSETS = 100;
const FILE_BYTES = 1_000_000;

export class WebServer {
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #files = new Map<string, Buffer>();
  /** Answers that wait for one another. */
  readonly #waiting: (() => void)[] = [];
  readonly #events = new Set<ServerResponse>();
  /** TCP connections so far. */
  connections = 0;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on('connection', () => (this.connections += 1));
    this.#sockets = new WebSocketServer({ server: this.#server });
    this.#sockets.on('connection', (socket) => {
      socket.on('message', (data, binary) => socket.send(data, { binary }));
    });
  }

  static async start(): Promise<WebServer> {
    const web = new WebServer();
    web.#server.listen(0, '127.0.0.1');
    await once(web.#server, 'listening');
    return web;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** SHA-256 of a file that was asked for. */
  hashOfFile(name: string): string {
    return createHash('sha256').update(this.#file(name)).digest('hex');
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#sockets.close();
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
    const [, kind, name = ''] = url.split('/');
    if (kind === '') respond(response, 'text/html', page());
    else if (kind === 'script') respond(response, 'text/javascript', `loaded.add(${name});${' '.repeat(20_000)}`);
    else if (kind === 'image') respond(response, 'image/svg+xml', image(Number(name)));
    else if (kind === 'file') respond(response, 'application/octet-stream', this.#file(name));
    else if (kind === 'together') this.#whenAllAsk(() => respond(response, 'application/octet-stream', this.#file(name)), TOGETHER);
    else if (kind === 'events') this.#startEvents(response);
    else if (kind === 'next') this.#sendEvent(response, name);
    else response.writeHead(404).end();
  }

  #file(name: string): Buffer {
    const file = this.#files.get(name) ?? randomBytes(FILE_BYTES);
    this.#files.set(name, file);
    return file;
  }

  /** Nobody gets an answer before so many have asked. */
  #whenAllAsk(answer: () => void, count: number): void {
    this.#waiting.push(answer);
    if (this.#waiting.length >= count) for (const waiting of this.#waiting.splice(0)) waiting();
  }

  #startEvents(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: hello\n\n');
    this.#events.add(response.once('close', () => this.#events.delete(response)));
  }

  #sendEvent(response: ServerResponse, text: string): void {
    for (const events of this.#events) events.write(`data: ${text}\n\n`);
    response.writeHead(204).end();
  }
}

/** So many answers of `/together/` go out at once. */
export const TOGETHER = 50;

function respond(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, { 'content-type': type, 'content-length': body.length, 'cache-control': 'no-store' }).end(body);
}

function page(): string {
  const assets = Array.from({ length: ASSETS / 2 }, (_, n) => `<script src="/script/${n}" async></script><img src="/image/${n}">`);
  return `<!doctype html><title>pump-7</title><script>const loaded = new Set();</script>${assets.join('')}`;
}

/** Its width tells which it is. */
function image(n: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${n + 1}" height="1"/>`;
}

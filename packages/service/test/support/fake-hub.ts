// A hub that answers whatever a test wants, over real TLS; and a port that only counts who comes.
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { ServiceClient, type ServiceClientSettings } from '@streams/service';
import { type Certificate, certificateFor, FakeClock } from '@streams/testkit';
import { onTestFinished } from 'vitest';
import { until } from './rig.ts';

/** Base64 of 32 bytes; nobody checks it. */
const KEY = Buffer.alloc(32, 7).toString('base64');

/** The id of every stream of a fake hub. */
export const STREAM_ID: string = 'A'.repeat(22);

/** A REST call that is not answered yet. */
export interface FakeCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly response: ServerResponse;
  readonly answer: (status: number, body?: string | object, headers?: Record<string, string>) => void;
}

/** A request for a WebSocket that is not answered yet. */
export interface FakeUpgrade {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: Socket;
  readonly refuse: (status: number, body?: string | object, headers?: Record<string, string>) => void;
}

/** See the top of this file. */
export class FakeHub {
  readonly calls: FakeCall[] = [];
  readonly upgrades: FakeUpgrade[] = [];
  /** TCP connections so far, whatever became of them. */
  connections = 0;
  readonly clock: FakeClock = new FakeClock();
  readonly certificate: Certificate;
  onCall: (call: FakeCall) => void = () => undefined;
  onUpgrade: (upgrade: FakeUpgrade) => void = () => undefined;
  readonly #server: Server;

  private constructor(certificate: Certificate) {
    this.certificate = certificate;
    this.#server = createServer({ ...certificate });
    this.#server.on('connection', () => (this.connections += 1));
    this.#server.on('request', (request, response) => void this.#take(request, response));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket) => this.#upgrade(request, socket));
  }

  /** Starts one; ends it with the test. */
  static async start(certificate: Certificate = certificateFor('127.0.0.1')): Promise<FakeHub> {
    const hub = new FakeHub(certificate);
    hub.#server.listen(0, '127.0.0.1');
    await once(hub.#server, 'listening');
    onTestFinished(async () => {
      const closed = once(hub.#server, 'close');
      hub.#server.close();
      hub.#server.closeAllConnections();
      for (const { socket } of hub.upgrades) socket.destroy();
      await closed;
      await until('no timer is left on the clock', () => hub.clock.pendingTimers === 0);
    });
    return hub;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The answer to a stream request whose leg leads to `url`. */
  acceptance(url: string = `wss://127.0.0.1:${this.port}/leg`): object {
    return { streamId: STREAM_ID, protocol: 'streams.v1', capabilities: [], url, token: 'T'.repeat(43), expiresInMs: 30_000 };
  }

  /** A client of this hub that trusts it; ended with the test. */
  service(settings: ServiceClientSettings & { port?: number } = {}): ServiceClient {
    const { port = this.port, ...others } = settings;
    const identity = { hostName: `127.0.0.1:${port}`, sharedAccessKeyName: 'backend', sharedAccessKey: KEY };
    const service = new ServiceClient({ ...identity, ca: this.certificate.cert, clock: this.clock, ...others });
    onTestFinished(() => service.destroy());
    return service;
  }

  /** Waits for the `count`-th call, and gives it. */
  async call(count = 1): Promise<FakeCall> {
    await until(`call number ${count}`, () => this.calls.length >= count);
    return this.calls[count - 1] as FakeCall;
  }

  /** Waits for the first upgrade, and gives it. */
  async upgrade(): Promise<FakeUpgrade> {
    await until('an upgrade', () => this.upgrades.length > 0);
    return this.upgrades[0] as FakeUpgrade;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const body = (await request.toArray()).join('');
    const answer: FakeCall['answer'] = (status, content = '', more = {}) => void response.writeHead(status, more).end(textOf(content));
    const call = { method, path, headers, body, response, answer };
    this.calls.push(call);
    this.onCall(call);
  }

  #upgrade({ url: path = '', headers }: IncomingMessage, socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const refuse: FakeUpgrade['refuse'] = (status, content = '', more = {}) => {
      const text = textOf(content);
      const lines = Object.entries({ 'Content-Length': String(text.length), Connection: 'close', ...more });
      socket.end(`HTTP/1.1 ${status} No\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`);
    };
    const upgrade = { path, headers, socket, refuse };
    this.upgrades.push(upgrade);
    this.onUpgrade(upgrade);
  }
}

/** The body of an error of a hub. */
export function errorBody(code: string, more: object = {}): object {
  return { code, message: 'so it is', retryable: false, trackingId: 'T', ...more };
}

/** A port that nobody has any business with. */
export async function trap(): Promise<{ port: number; visits: () => number }> {
  let visits = 0;
  const server = createTcpServer((socket) => {
    visits += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, visits: () => visits };
}

function textOf(content: string | object): string {
  return typeof content === 'string' ? content : JSON.stringify(content);
}

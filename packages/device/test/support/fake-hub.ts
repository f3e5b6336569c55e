// A hub that does whatever a test wants: TLS and HTTP are real, the WebSocket frames are written by hand.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { DeviceClient, type DeviceClientSettings } from '@streams/device';
import {
  type Certificate,
  certificateFor,
  closePayload,
  encodeFrame,
  FakeClock,
  type Frame,
  OPCODE,
  parseFrame,
  seededRandom,
} from '@streams/testkit';
import { onTestFinished } from 'vitest';
import { DEVICE, until } from './rig.ts';

/** Base64 of 32 bytes; nobody checks it. */
const KEY = Buffer.alloc(32, 7).toString('base64');
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A WebSocket that the fake hub has granted. */
export class FakeLink {
  /** Text messages, parsed. */
  readonly messages: Record<string, unknown>[] = [];
  /** All frames, control frames too. */
  readonly frames: Frame[] = [];
  ended = false;
  readonly #socket: Socket;
  #unread: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.once('close', () => {
      this.ended = true;
    });
  }

  /** Sends messages as text, all in one write. */
  send(...messages: (object | string)[]): void {
    const texts = messages.map((message) => (typeof message === 'string' ? message : JSON.stringify(message)));
    this.write(...texts.map((payload) => encodeFrame({ opcode: OPCODE.text, payload, masked: false })));
  }

  write(...frames: Buffer[]): void {
    this.#socket.write(Buffer.concat(frames));
  }

  close(code: number, reason = ''): void {
    this.write(encodeFrame({ opcode: OPCODE.close, payload: closePayload(code, reason), masked: false }));
    this.#socket.end();
  }

  /** Cuts the connection. */
  cut(): void {
    this.#socket.destroy();
  }

  /** How many frames of this kind came. */
  count(kind: keyof typeof OPCODE): number {
    return this.frames.filter(({ opcode }) => opcode === OPCODE[kind]).length;
  }

  /** The code of the close frame that came. */
  get closeCode(): number | undefined {
    return this.frames.find(({ opcode }) => opcode === OPCODE.close)?.payload.readUInt16BE();
  }

  #read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    for (let parsed = parseFrame(this.#unread); parsed; parsed = parseFrame(this.#unread)) {
      const { value, used } = parsed;
      this.#unread = this.#unread.subarray(used);
      this.frames.push(value);
      if (value.opcode === OPCODE.text) this.messages.push(JSON.parse(value.payload.toString()) as Record<string, unknown>);
      else if (value.opcode === OPCODE.close) this.#socket.end(encodeFrame({ ...value, masked: false }));
    }
  }
}

/** A request for a WebSocket, not answered yet. */
export class FakeUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;

  constructor(request: IncomingMessage, socket: Socket) {
    this.request = request;
    this.socket = socket;
  }

  get path(): string {
    return this.request.url ?? '';
  }

  /** Grants it, and says `messages` in the same write. */
  grant(...messages: (object | string)[]): FakeLink {
    const { headers } = this.request;
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${ACCEPT_GUID}`).digest('base64');
    const lines = ['101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
    this.socket.write(`HTTP/1.1 ${lines.join('\r\n')}\r\nSec-WebSocket-Protocol: ${headers['sec-websocket-protocol']}\r\n\r\n`);
    const link = new FakeLink(this.socket);
    if (messages.length > 0) link.send(...messages);
    return link;
  }

  /** Answers with `status` and closes. */
  refuse(status: number, headers: Record<string, string> = {}, body = ''): void {
    const lines = Object.entries({ 'Content-Length': String(body.length), Connection: 'close', ...headers });
    this.socket.end(`HTTP/1.1 ${status} No\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
  }
}

/** See the top of this file. */
export class FakeHub {
  readonly upgrades: FakeUpgrade[] = [];
  /** TCP connections so far, whatever became of them. */
  connections = 0;
  readonly clock: FakeClock = new FakeClock();
  readonly certificate: Certificate;
  /** Answers an upgrade at once; without it the test takes them from {@link FakeHub.upgrades}. */
  onUpgrade: (upgrade: FakeUpgrade) => void = () => undefined;
  readonly #server: Server;

  private constructor(certificate: Certificate) {
    this.certificate = certificate;
    this.#server = createServer({ ...certificate });
    this.#server.on('connection', () => (this.connections += 1));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
      socket.on('error', () => socket.destroy());
      const upgrade = new FakeUpgrade(request, socket);
      this.upgrades.push(upgrade);
      this.onUpgrade(upgrade);
    });
  }

  /** Starts one; ends it with the test. */
  static async start(certificate: Certificate = certificateFor('127.0.0.1')): Promise<FakeHub> {
    const hub = new FakeHub(certificate);
    hub.#server.listen(0, '127.0.0.1');
    await once(hub.#server, 'listening');
    onTestFinished(async () => {
      const closed = once(hub.#server, 'close');
      hub.#server.close();
      for (const { socket } of hub.upgrades) socket.destroy();
      await closed;
      await until('no timer is left on the clock', () => hub.clock.pendingTimers === 0);
    });
    return hub;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The first message of a link. */
  welcome(...streamingEndpoints: string[]): object {
    return {
      type: 'welcome',
      hub: { name: 'fake', version: '0' },
      streamingEndpoints,
      timeMs: Math.floor(this.clock.wallMs()),
      capabilities: [],
    };
  }

  /** A stream request for the device, whose leg leads to `url`. */
  request(url: string, streamId: string = 'A'.repeat(22)): object {
    const who = { requester: { policy: 'backend' }, name: 'echo', headers: {} };
    return { type: 'request', streamId, ...who, protocols: ['streams.v1'], timeoutMs: 30_000, url, token: 'T'.repeat(43) };
  }

  /** A client of this hub that trusts it; ended with the test. */
  device(settings: DeviceClientSettings & { id?: string } = {}): DeviceClient {
    const { id = DEVICE, ...others } = settings;
    const identity = { hostName: `127.0.0.1:${this.port}`, deviceId: id, sharedAccessKey: KEY };
    const device = new DeviceClient({ ...identity, ca: this.certificate.cert, clock: this.clock, random: seededRandom(1), ...others });
    onTestFinished(async () => {
      device.destroy();
      await device.closed;
    });
    return device;
  }

  /** Waits for the `count`-th upgrade, and gives it. */
  async upgrade(count = 1): Promise<FakeUpgrade> {
    await until(`upgrade number ${count}`, () => this.upgrades.length >= count);
    return this.upgrades[count - 1] as FakeUpgrade;
  }
}

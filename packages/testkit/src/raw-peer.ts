// A bare TCP or TLS connection that says whatever a test wants, and sees what really comes over the wire.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { type Parsed, RawReader, type WireEnd } from './raw-reader.ts';
import { encodeFrame, type Frame, type FrameToSend, OPCODE, parseFrame } from './ws-frames.ts';

/** Where a {@link RawPeer} connects to. */
export interface RawPeerOptions {
  readonly port: number;
  readonly host?: string;
  /** Speaks TLS, with these options; `{}` for the defaults. */
  readonly tls?: ConnectionOptions;
  /** Each read gives up after this much real time; 5 s by default. */
  readonly timeoutMs?: number;
}

/** The head of an HTTP response. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case; of repeated headers the last. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A request header as it goes out; a list of them may hold a name twice. */
export type RequestHeader = readonly [name: string, value: string];

/** A peer that is bound by no protocol. */
export class RawPeer {
  readonly socket: Socket;
  readonly #tcp: Socket;
  readonly #authority: string;
  readonly #reader: RawReader;

  private constructor(tcp: Socket, socket: Socket, options: RawPeerOptions) {
    this.#tcp = tcp;
    this.socket = socket;
    this.#authority = `${options.host ?? '127.0.0.1'}:${options.port}`;
    this.#reader = new RawReader(socket, options.timeoutMs ?? 5_000);
  }

  /** Connects. The own half of the connection stays open when the other end has finished. */
  static async connect(options: RawPeerOptions): Promise<RawPeer> {
    const tcp = connectTcp({ host: options.host ?? '127.0.0.1', port: options.port, allowHalfOpen: true, noDelay: true });
    await once(tcp, 'connect');
    if (!options.tls) return new RawPeer(tcp, tcp, options);
    const socket = connectTls({ ...options.tls, socket: tcp });
    await once(socket, 'secureConnect');
    return new RawPeer(tcp, socket, options);
  }

  /** What has come and was not read yet. */
  get unread(): Buffer {
    return this.#reader.unread;
  }

  /** Resolves once the other end has left. */
  get ended(): Promise<WireEnd> {
    return this.#reader.ended;
  }

  /** Writes bytes as they are. */
  write(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** Writes one WebSocket frame. */
  writeFrame(frame: FrameToSend): void {
    this.write(encodeFrame(frame));
  }

  /** Reads `count` bytes. */
  readBytes(count: number): Promise<Buffer> {
    return this.#reader.take(`${count} bytes`, (bytes) => (bytes.length < count ? undefined : take(bytes, count)));
  }

  /** Reads up to and with `pattern`. */
  readUntil(pattern: string): Promise<Buffer> {
    return this.#reader.take(JSON.stringify(pattern), (bytes) => {
      const at = bytes.indexOf(pattern);
      return at < 0 ? undefined : take(bytes, at + Buffer.byteLength(pattern));
    });
  }

  /** Reads a response up to its empty line. */
  async readHead(): Promise<ResponseHead> {
    const [statusLine = '', ...lines] = (await this.readUntil('\r\n\r\n')).toString('latin1').trimEnd().split('\r\n');
    const [, status, statusText = ''] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(statusLine) ?? [];
    assert(status !== undefined, `no HTTP response: ${JSON.stringify(statusLine)}`);
    return { status: Number(status), statusText, headers: Object.fromEntries(lines.map(parseHeader)) };
  }

  /** Asks for a WebSocket. `headers` go out as they are; they replace the usual ones of the same name. */
  async upgrade(path: string, headers: readonly RequestHeader[] = []): Promise<ResponseHead> {
    const given = new Set(headers.map(([name]) => name.toLowerCase()));
    const usual: RequestHeader[] = [
      ['Host', this.#authority],
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Version', '13'],
      ['Sec-WebSocket-Key', randomBytes(16).toString('base64')],
    ];
    const lines = [...usual.filter(([name]) => !given.has(name.toLowerCase())), ...headers].map(([name, value]) => `${name}: ${value}\r\n`);
    this.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    return await this.readHead();
  }

  /** Reads one WebSocket frame. */
  readFrame(): Promise<Frame> {
    return this.#reader.take('a frame', parseFrame);
  }

  /** Skips to the close frame: 1005 stands for one without a code, 1006 for an end without a close frame. */
  async readClose(): Promise<{ code: number; reason: string }> {
    for (;;) {
      const frame = await this.#reader.takeOrEnd('a close frame', parseFrame);
      if (frame === undefined) return { code: 1006, reason: '' };
      if (frame.opcode !== OPCODE.close) continue;
      if (frame.payload.length < 2) return { code: 1005, reason: '' };
      return { code: frame.payload.readUInt16BE(), reason: frame.payload.toString('utf8', 2) };
    }
  }

  /** Finishes writing (FIN); reading goes on. */
  end(): void {
    this.socket.end();
  }

  /** Cuts the connection with a RST. */
  reset(): void {
    this.#tcp.resetAndDestroy();
  }

  /** Frees the socket. */
  destroy(): void {
    this.socket.destroy();
    this.#tcp.destroy();
  }
}

function take(bytes: Buffer, count: number): Parsed<Buffer> {
  return { value: bytes.subarray(0, count), used: count };
}

function parseHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

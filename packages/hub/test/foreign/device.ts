// A foreign device, written from docs/protocol.md alone.
import { randomBytes } from 'node:crypto';
import { watch } from './liveness.ts';
import { RawStream } from './raw-stream.ts';
import { ForeignStream } from './stream.ts';
import { checkStreamUrl, type Connection, dial, type Identity, parseConnectionString, sign } from './wire.ts';

const PROTOCOL = 'streams.v1';
const WELCOME_MS = 10_000;

/** What the hub asks. */
export interface ForeignRequest {
  readonly type: 'request';
  readonly streamId: string;
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
  readonly timeoutMs: number;
  readonly url: string;
  readonly token: string;
}

/** The application's: it accepts or rejects through `device`. */
export type ForeignHandler = (request: ForeignRequest, device: ForeignDevice) => void;

/** Keeps one control link, without renewal and back-off. */
export class ForeignDevice {
  /** Codes of the `cancel` messages, by stream. */
  readonly cancelled: Map<string, string> = new Map();
  /** How the link ended. */
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #identity: Identity;
  readonly #link: Connection;
  readonly #onRequest: ForeignHandler;
  readonly #origins: string[];

  static async connect(
    connectionString: string,
    onRequest: ForeignHandler,
    {
      protocol = 'streams.control.v1',
      instanceId = randomBytes(16).toString('base64url'),
    }: { protocol?: string; instanceId?: string } = {},
  ): Promise<ForeignDevice> {
    const identity = parseConnectionString(connectionString);
    const link = await dial({
      url: `wss://${identity.host}:${identity.port}/v1/devices/${encodeURIComponent(identity.deviceId)}/control`,
      protocol,
      authorization: sign(identity),
      headers: { 'Streams-Instance-Id': instanceId },
      ca: identity.ca,
      maxMessageBytes: 32_768,
      timeoutMs: WELCOME_MS,
    });
    const device = new ForeignDevice(identity, link, onRequest);
    await device.#welcome();
    return device;
  }

  private constructor(identity: Identity, link: Connection, onRequest: ForeignHandler) {
    this.#identity = identity;
    this.#link = link;
    this.#onRequest = onRequest;
    this.#origins = [`https://${identity.host}:${identity.port}`];
    this.closed = new Promise((resolve) => link.ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() })));
    const jitter = 0.8 + 0.4 * Math.random();
    watch(link, { tick: 5_000, idle: 25_000 * jitter, dead: 45_000 });
  }

  /** Accepts; resolves once the stream is established. */
  async accept(request: ForeignRequest): Promise<ForeignStream> {
    return new ForeignStream(await this.join(request, PROTOCOL));
  }

  /** Accepts with `raw`. */
  async acceptRaw(request: ForeignRequest): Promise<RawStream> {
    return new RawStream((await this.join(request, 'raw')).ws);
  }

  /** Accepts, with any protocol; resolves with the leg. */
  async join({ streamId, url, token, timeoutMs }: ForeignRequest, protocol: string): Promise<Connection> {
    this.#send({ type: 'accept', streamId, protocol, capabilities: [] });
    const leg = { url: checkStreamUrl(url, this.#origins), protocol, authorization: `Bearer ${token}`, ca: this.#identity.ca };
    return dial({ ...leg, maxMessageBytes: 262_144, timeoutMs });
  }

  reject({ streamId }: ForeignRequest, reason: string, code = 'STREAM_REJECTED'): void {
    this.#send({ type: 'reject', streamId, code, reason });
  }

  /** Says that it accepts, and never comes. */
  acceptOnly({ streamId }: ForeignRequest, protocol: string = PROTOCOL): void {
    this.#send({ type: 'accept', streamId, protocol });
  }

  async close(): Promise<void> {
    this.#link.ws.close(1000);
    await this.closed;
  }

  #send(message: object): void {
    this.#link.ws.send(JSON.stringify(message));
  }

  async #welcome(): Promise<void> {
    const { ws } = this.#link;
    const timer = setTimeout(() => ws.terminate(), WELCOME_MS);
    await new Promise<void>((resolve, reject) => {
      ws.once('close', () => reject(new Error('closed before the welcome')));
      ws.once('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as { type: string; streamingEndpoints: string[] };
        if (message.type !== 'welcome') return reject(new Error('no welcome'));
        this.#origins.push(...message.streamingEndpoints);
        ws.on('message', (later: Buffer) => this.#onMessage(JSON.parse(later.toString()) as ForeignRequest | Cancel));
        resolve();
      });
      ws.resume();
    });
    clearTimeout(timer);
  }

  #onMessage(message: ForeignRequest | Cancel): void {
    if (message.type === 'request') this.#onRequest(message, this);
    if (message.type === 'cancel') this.cancelled.set(message.streamId, message.code);
  }
}

interface Cancel {
  readonly type: 'cancel';
  readonly streamId: string;
  readonly code: string;
}

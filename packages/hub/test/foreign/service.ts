// A foreign service, written from docs/protocol.md alone.
import { RawStream } from './raw-stream.ts';
import { ForeignStream } from './stream.ts';
import { call, checkStreamUrl, type Connection, dial, type Identity, parseConnectionString } from './wire.ts';

/** The answer to the POST. */
export interface ForeignAnswer {
  readonly streamId: string;
  readonly protocol: string;
  readonly url: string;
  readonly token: string;
  readonly expiresInMs: number;
}

/** What to ask for. */
export interface Wish {
  readonly name?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  readonly timeoutMs?: number;
}

/** Opens streams. */
export class ForeignService {
  readonly #identity: Identity;

  constructor(connectionString: string) {
    this.#identity = parseConnectionString(connectionString);
  }

  /** Resolves once the stream is established. */
  async open(deviceId: string, wish: Wish = {}): Promise<ForeignStream> {
    return new ForeignStream(await this.join(await this.ask(deviceId, wish)));
  }

  /** The same with `raw`. */
  async openRaw(deviceId: string, wish: Wish = {}): Promise<RawStream> {
    return new RawStream((await this.join(await this.ask(deviceId, { ...wish, protocols: ['raw'] }))).ws);
  }

  /** The first half: resolves with the device's acceptance. */
  async ask(deviceId: string, { timeoutMs = 30_000, ...wish }: Wish = {}): Promise<ForeignAnswer> {
    const path = `/v1/devices/${encodeURIComponent(deviceId)}/streams`;
    const answer = await call(this.#identity, 'POST', path, timeoutMs, { protocols: ['streams.v1'], ...wish, timeoutMs });
    return answer as unknown as ForeignAnswer;
  }

  /** The second half: resolves with the leg. */
  async join({ url, token, protocol, expiresInMs }: ForeignAnswer): Promise<Connection> {
    const { host, port, ca } = this.#identity;
    const authorization = `Bearer ${token}`;
    const leg = { url: checkStreamUrl(url, [`https://${host}:${port}`]), protocol, authorization, ca };
    return dial({ ...leg, maxMessageBytes: 262_144, timeoutMs: expiresInMs });
  }

  /** Ends a handshake or a stream. */
  async end(streamId: string): Promise<void> {
    await call(this.#identity, 'DELETE', `/v1/streams/${streamId}`, 0);
  }
}

// A tunnel as both SDKs show it: a session that carries many streams, all to one name of one device.
import { type Deferred, deferred } from '../../async/deferred.ts';
import { onAbort, throwIfAborted } from '../../async/abort.ts';
import { createError, type SessionError } from '../../errors/kinds.ts';
import { ClientEvents } from '../../telemetry/client-events.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Clock } from '../../time/clock.ts';
import { CLOSE_TIMEOUT_MS } from '../../wire/defaults.ts';
import type { ChannelRequest } from '../channels/channel-request.ts';
import { ChannelLeg } from '../channels/channel-leg.ts';
import { Session, type SessionOptions, type SessionStats } from '../session.ts';
import { ChannelStream } from './channel-stream.ts';
import { TunnelRequest } from './tunnel-request.ts';

/** What a tunnel is called. */
export interface TunnelInfo {
  /** The hub's id of the tunnel's first stream; the resource log has it as `sessionId`. */
  readonly id: string;
  readonly name: string;
  readonly deviceId: string;
}

/** What a tunnel is made with. */
export interface TunnelSettings extends Omit<SessionOptions, 'id' | 'onRequest'> {
  readonly logger: Required<Logger>;
}

/** How a channel is opened. */
export interface OpenChannelOptions {
  /** For the other side, before it accepts: at most 8,192 bytes. Default: nothing. */
  readonly metadata?: Uint8Array | string | undefined;
  /** Ends the channel, if it fires before the other side has accepted. */
  readonly signal?: AbortSignal | undefined;
}

/** Event name -> arguments of its listeners. */
export interface TunnelEvents {
  /** The connection below is lost; the channels wait for the next one. */
  suspended: [];
  /** The channels go on. */
  resumed: [];
  /** The tunnel has ended; `error` is absent after a clean end. */
  closed: [error: SessionError | undefined];
}

/** The application's callback for channels of the other side. What it throws rejects the channel; the text stays here. */
export type TunnelRequestHandler = (request: TunnelRequest) => void | Promise<void>;

/**
 * Many streams to one name of a device, over one connection: opening one costs no handshake with the hub. It survives the loss of
 * that connection as a stream does. Either side may open channels; the other accepts or rejects each.
 */
export class Tunnel {
  /** The hub's id of the tunnel's first stream; the resource log has it as `sessionId`. */
  readonly id: string;
  /** What the service asked for: every channel leads there. */
  readonly name: string;
  readonly deviceId: string;
  /** Resolves when the tunnel has ended: with `undefined` after a clean end, else with the error. */
  readonly closed: Promise<SessionError | undefined>;
  /** For the clients and proxies of this project. @internal */
  readonly session: Session;
  /** Takes the channels of the other side as they are, without a stream on each. @internal */
  onRawRequest: ((request: ChannelRequest) => void) | undefined;
  readonly #info: TunnelInfo;
  readonly #clock: Clock;
  readonly #logger: Required<Logger>;
  readonly #events: ClientEvents<TunnelEvents>;
  readonly #ended: Deferred<SessionError | undefined> = deferred();
  #handler: TunnelRequestHandler | undefined;

  /** Made by the SDKs. @internal */
  constructor(info: TunnelInfo, { logger, ...settings }: TunnelSettings) {
    this.id = info.id;
    this.name = info.name;
    this.deviceId = info.deviceId;
    this.closed = this.#ended.promise;
    this.#info = info;
    this.#clock = settings.clock;
    this.#logger = logger;
    this.#events = new ClientEvents('Tunnel', ['suspended', 'resumed', 'closed'], logger);
    this.session = new Session({ ...settings, id: info.id, onRequest: (request) => this.#onRequest(request) });
    this.session.on('suspended', () => this.#events.emit('suspended'));
    this.session.on('resumed', () => this.#events.emit('resumed'));
    this.session.once('closed', (error) => {
      this.#ended.resolve(error);
      this.#events.emit('closed', error);
    });
  }

  /**
   * Opens a channel, a stream that may be written to at once; what the other side rejects ends with the error of
   * {@link ChannelStream.accepted}.
   * @throws `STREAMS_CHANNEL_RESET` with `resetCode` `LIMIT` where the other side takes no more, `SESSION_LOST` where the tunnel has
   * ended; `STREAMS_INVALID_STATE` after {@link close}; `STREAMS_TOO_LARGE` for the metadata; `STREAMS_ABORTED`.
   */
  openChannel({ metadata = '', signal }: OpenChannelOptions = {}): ChannelStream {
    throwIfAborted(signal);
    const bytes = typeof metadata === 'string' ? Buffer.from(metadata) : metadata;
    const leg = new ChannelLeg((handler) => this.session.open(bytes, handler));
    const stream = new ChannelStream(leg, this.#info, this.#clock);
    const forget = onAbort(signal, () => stream.abort());
    stream.accepted.then(forget, forget);
    return stream;
  }

  /**
   * Takes the callback for channels that the other side opens. While there is none they are rejected.
   * @returns a function that unregisters it.
   * @throws `STREAMS_INVALID_STATE` if there is one already.
   */
  onChannelRequest(handler: TunnelRequestHandler): () => void {
    if (typeof handler !== 'function') throw createError('INVALID_ARGUMENT', { message: 'onChannelRequest: expected a function' });
    if (this.#handler) throw createError('INVALID_STATE', { message: 'onChannelRequest: unregister the callback before there is another' });
    this.#handler = handler;
    return () => {
      if (this.#handler === handler) this.#handler = undefined;
    };
  }

  /** Listens to an event, until the returned function is called. @throws `STREAMS_INVALID_ARGUMENT` if there is no event of this name. */
  on<Name extends keyof TunnelEvents>(name: Name, listener: (...values: TunnelEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Figures of the tunnel. */
  stats(): SessionStats {
    return this.session.stats();
  }

  /**
   * Opens and takes no more channels, waits for those that are open, and ends; after 5,000 ms it ends all the same.
   * Resolves as {@link closed} does. Idempotent.
   */
  async close(): Promise<SessionError | undefined> {
    this.session.end();
    const cancel = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.destroy());
    const error = await this.closed;
    cancel();
    return error;
  }

  /** Ends all channels, and the tunnel, at once. */
  destroy(): void {
    this.session.fail('ENDED', 'the tunnel was destroyed');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onRequest(request: ChannelRequest): void {
    if (this.onRawRequest) return this.onRawRequest(request);
    const handler = this.#handler;
    if (handler === undefined) return request.reject('REFUSED', 'nobody takes channels here');
    void this.#call(handler, new TunnelRequest(request, this.#info, this.#clock));
  }

  async #call(handler: TunnelRequestHandler, request: TunnelRequest): Promise<void> {
    try {
      await handler(request);
    } catch (err) {
      this.#logger.error({ err, streamId: this.id }, 'the onChannelRequest callback failed');
      request.fail();
    }
  }
}

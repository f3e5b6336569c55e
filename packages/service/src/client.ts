// The service's client: a thin facade over the REST interface, the handshake, and the streams that are open.
import {
  type Access,
  asHubView,
  ClientEvents,
  clientLogger,
  type Clock,
  CLOSE_TIMEOUT_MS,
  createError,
  createProxyFor,
  createTrust,
  type Deferred,
  deferred,
  type DeviceStream,
  formatHost,
  type HubView,
  onAbort,
  OpenSessions,
  OpenStreams,
  parseServiceConnectionString,
  type StreamEvents,
  systemClock,
  systemRandom,
  type Tunnel,
} from '@streams/protocol/internal';
import { Devices } from './devices.ts';
import type { OpenContext } from './handshake.ts';
import { Logs } from './logs.ts';
import { type CreateStreamOptions, openStream } from './open-stream.ts';
import { openTunnel, type OpenTunnel, type OpenTunnelOptions } from './open-tunnel.ts';
import { accessOf, type ServiceClientOptions, type ServiceClientSettings } from './options.ts';
import { Policies } from './policies.ts';
import { Rest } from './rest.ts';

/**
 * Opens streams to devices by their id.
 *
 * ```ts
 * const service = ServiceClient.fromConnectionString(connectionString);
 * const stream = await service.createStream('pump-7', { name: 'echo' });
 * stream.end('hello');
 * for await (const chunk of stream) process.stdout.write(chunk);
 * ```
 */
export class ServiceClient {
  /** Resolves when the client has ended, by `close()` or `destroy()`, and every socket is gone. */
  readonly closed: Promise<void>;
  /** The hub's devices: create, list, change, delete. */
  readonly devices: Devices;
  /** The hub's shared access policies: create, list, change, delete. */
  readonly policies: Policies;
  /** The hub's resource log: who asked for which stream, and what became of it. */
  readonly logs: Logs;
  readonly #clock: Clock;
  readonly #closeTimeoutMs: number;
  readonly #rest: Rest;
  readonly #context: OpenContext;
  readonly #events: ClientEvents<StreamEvents>;
  readonly #streams: OpenStreams;
  readonly #sessions: OpenSessions<void>;
  /** Handshakes that run, by what ends them. */
  readonly #openings = new Map<AbortController, Promise<unknown>>();
  readonly #ended: Deferred<void> = deferred();
  /** Present once the client is being closed. */
  #closing: Promise<void> | undefined;

  /** @throws `STREAMS_INVALID_ARGUMENT` that names the field. */
  constructor(options: ServiceClientOptions) {
    const { clock = systemClock, random = systemRandom, closeTimeoutMs = CLOSE_TIMEOUT_MS } = options;
    const { hub, credential } = accessOf(options, clock);
    this.#clock = clock;
    this.#closeTimeoutMs = closeTimeoutMs;
    this.closed = this.#ended.promise;
    const logger = clientLogger(options.logger);
    this.#events = new ClientEvents('ServiceClient', ['streamOpened', 'streamClosed'], logger);
    this.#streams = new OpenStreams({
      side: 'service',
      logger,
      opened: (stream) => this.#events.emit('streamOpened', stream),
      closed: (stream, outcome) => this.#events.emit('streamClosed', stream, outcome),
    });
    const origin = `https://${formatHost(hub)}`;
    const access: Access = { trust: createTrust({ ca: options.ca }), proxyFor: createProxyFor({ proxy: options.proxy }) };
    this.#rest = new Rest(origin, access, credential, clock);
    this.devices = new Devices(this.#rest, options.ca);
    this.policies = new Policies(this.#rest, options.ca);
    this.logs = new Logs(this.#rest, clock);
    const sessions = new OpenSessions<void>(clock);
    this.#sessions = sessions;
    const { maxReplayBytes } = options;
    this.#context = { rest: this.#rest, ...access, clock, random, logger, sessions, maxReplayBytes, origin, streamingEndpoints: [] };
  }

  /**
   * Makes a client from the connection string that the hub printed for the service's policy.
   * @throws `STREAMS_INVALID_ARGUMENT` that names the field.
   */
  static fromConnectionString(connectionString: string | undefined, settings: ServiceClientSettings = {}): ServiceClient {
    const credentials = parseServiceConnectionString(connectionString);
    return new ServiceClient({
      ...settings,
      hostName: formatHost(credentials),
      sharedAccessKeyName: credentials.policy,
      sharedAccessKey: credentials.key.reveal(),
      ca: settings.ca ?? credentials.caCertificate,
    });
  }

  /**
   * Opens a stream to a device; resolves once the device has accepted and both sides are connected.
   *
   * @throws
   * - `STREAMS_STREAM_REJECTED` with the device's `reason`, `STREAMS_NO_HANDLER`, `STREAMS_HANDLER_FAILED`
   * - `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_DEVICE_NOT_CONNECTED`
   * - `STREAMS_HANDSHAKE_TIMEOUT` with the `phase` that took too long
   * - `STREAMS_UNAUTHENTICATED`, `STREAMS_FORBIDDEN`
   * - `STREAMS_CONNECT_FAILED`, `STREAMS_TLS_FAILED`, `STREAMS_UNTRUSTED_ENDPOINT`
   * - `STREAMS_STREAM_GONE` if the handshake was ended from elsewhere, `STREAMS_PROTOCOL_MISMATCH`
   * - `STREAMS_ABORTED`, `STREAMS_CLOSED`, `STREAMS_INVALID_ARGUMENT`, `STREAMS_INVALID_DEVICE_ID`, `STREAMS_INVALID_STREAM_NAME`
   */
  async createStream(deviceId: string, options: CreateStreamOptions = {}): Promise<DeviceStream> {
    const open = (signal: AbortSignal): Promise<DeviceStream> => openStream(this.#context, deviceId, { ...options, signal });
    return this.#streams.add(await this.#opening('createStream', options.signal, open));
  }

  /**
   * Opens a tunnel to one name of a device: many streams over one connection. Resolves once the device has accepted.
   * @throws as {@link createStream}; `STREAMS_PROTOCOL_MISMATCH` where the device takes no tunnels under this name.
   */
  async openTunnel(deviceId: string, options: OpenTunnelOptions = {}): Promise<Tunnel> {
    return (await this.openTunnelWithRedial(deviceId, options)).tunnel;
  }

  /** For the service proxy. @internal */
  async openTunnelWithRedial(deviceId: string, options: OpenTunnelOptions): Promise<OpenTunnel> {
    return this.#opening('openTunnel', options.signal, (signal) => openTunnel(this.#context, deviceId, { ...options, signal }));
  }

  /**
   * What the hub says of itself: its name, and where streams may lead.
   * @throws `STREAMS_UNAUTHENTICATED`, `STREAMS_CONNECT_FAILED`, `STREAMS_TLS_FAILED`.
   */
  async hub(): Promise<HubView> {
    return this.#rest.call({ method: 'GET', path: '/v1/hub', timeoutMs: 0 }, asHubView);
  }

  /**
   * Listens to an event, until the returned function is called. There is no `error` event: failures show in the promises of the calls.
   * @throws `STREAMS_INVALID_ARGUMENT` if there is no event of this name.
   */
  on<Name extends keyof StreamEvents>(name: Name, listener: (...values: StreamEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Opens no more streams, ends handshakes with `STREAMS_CLOSED`, lets open streams finish for `closeTimeoutMs`, aborts the
   * rest, and resolves once every socket is gone. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.closed;
  }

  /** Ends all streams and connections at once. */
  destroy(): void {
    this.#abandon();
    this.#streams.abort();
    this.#sessions.abort();
    const destroyed = this.#rest.destroy();
    this.#closing ??= this.#close(destroyed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Runs a handshake, which the caller's signal and the end of the client end. */
  async #opening<T>(call: string, given: AbortSignal | undefined, open: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#closing) throw createError('CLOSED');
    if (given !== undefined && !(given instanceof AbortSignal)) {
      throw createError('INVALID_ARGUMENT', { message: `${call}: signal: expected an AbortSignal`, details: { field: 'signal' } });
    }
    const abort = new AbortController();
    const forget = onAbort(given, () => abort.abort(given?.reason));
    const opening = open(abort.signal);
    this.#openings.set(abort, opening);
    try {
      return await opening;
    } finally {
      forget();
      this.#openings.delete(abort);
    }
  }

  async #close(destroyed?: Promise<void>): Promise<void> {
    // The hub is told before its connection is closed.
    const abandoned = Promise.allSettled(this.#openings.values());
    this.#abandon();
    const drained = [this.#streams, this.#sessions].map((open) => open.drain(this.#clock, this.#closeTimeoutMs));
    await Promise.all([abandoned, ...drained]);
    await (destroyed ?? this.#rest.close());
    this.#ended.resolve();
  }

  /** Ends the handshakes that run, and what follows the log. */
  #abandon(): void {
    this.logs.end();
    for (const abort of this.#openings.keys()) abort.abort(createError('CLOSED'));
  }
}

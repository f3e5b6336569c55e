// The device's client: a thin facade over the control link, the dispatch of requests, and the streams that are open.
import {
  type Access,
  ClientEvents,
  clientLogger,
  type Clock,
  CLOSE_LOST,
  CLOSE_TIMEOUT_MS,
  createProxyFor,
  createTrust,
  type Deferred,
  deferred,
  DeviceStream,
  dialLeg,
  formatHost,
  type HubMessage,
  type Leg,
  type Logger,
  newId,
  OpenSessions,
  openSessionStream,
  OpenStreams,
  parseDeviceConnectionString,
  publishLinkState,
  type Random,
  type RequestMessage,
  type Session,
  type SessionOptions,
  SESSION_PROTOCOL,
  type StreamsError,
  systemClock,
  systemRandom,
  Tunnel,
} from '@streams/protocol/internal';
import { DeviceKey } from './device-key.ts';
import { Dispatch, type RequestLoopOptions, type RequestOptions, type StreamRequestHandler } from './dispatch.ts';
import { redialLeg } from './redial-leg.ts';
import { announce, type DeviceClientEvents, EVENT_NAMES, linkTrouble } from './events.ts';
import { Link, type LinkEvents } from './link/link.ts';
import type { LinkState } from './link/state.ts';
import { credentialsOf, type DeviceClientOptions, type DeviceClientSettings } from './options.ts';
import type { StreamRequest } from './request.ts';

/** For whom a session was accepted. */
interface SessionOwner {
  readonly name: string;
  readonly policy: string;
}

/**
 * Keeps a device reachable: one outbound TLS connection to the hub, over which services ask for streams.
 *
 * ```ts
 * const device = DeviceClient.fromConnectionString(connectionString);
 * device.onStreamRequest(async (request) => {
 *   const stream = await request.accept();
 *   stream.pipe(stream);
 * });
 * await device.connect();
 * ```
 */
export class DeviceClient {
  readonly deviceId: string;
  /** Resolves when the client has ended for good: with `undefined` after `close()`, else with the error that ended it. */
  readonly closed: Promise<StreamsError | undefined>;
  readonly #clock: Clock;
  readonly #logger: Required<Logger>;
  readonly #events: ClientEvents<DeviceClientEvents>;
  readonly #access: Access;
  readonly #origin: string;
  readonly #closeTimeoutMs: number;
  readonly #dispatch: Dispatch;
  readonly #link: Link;
  readonly #key: DeviceKey;
  readonly #streams: OpenStreams;
  /** Each with the policy and the name that it was accepted for. */
  readonly #sessions: OpenSessions<SessionOwner>;
  readonly #random: Random;
  readonly #maxReplayBytes: number | undefined;
  readonly #ended: Deferred<StreamsError | undefined> = deferred();

  /** @throws `STREAMS_INVALID_ARGUMENT` that names the field. */
  constructor(options: DeviceClientOptions) {
    const credentials = credentialsOf(options);
    const { clock = systemClock, random = systemRandom, closeTimeoutMs = CLOSE_TIMEOUT_MS } = options;
    this.deviceId = credentials.deviceId;
    this.closed = this.#ended.promise;
    this.#clock = clock;
    this.#random = random;
    this.#maxReplayBytes = options.maxReplayBytes;
    this.#logger = clientLogger(options.logger);
    this.#events = new ClientEvents('DeviceClient', EVENT_NAMES, this.#logger);
    this.#closeTimeoutMs = closeTimeoutMs;
    this.#origin = `https://${formatHost(credentials)}`;
    this.#access = { trust: createTrust({ ca: options.ca }), proxyFor: createProxyFor({ proxy: options.proxy }) };
    this.#sessions = new OpenSessions(clock);
    this.#streams = new OpenStreams({
      side: 'device',
      logger: this.#logger,
      opened: (stream) => this.#events.emit('streamOpened', stream),
      closed: (stream, outcome) => this.#events.emit('streamClosed', stream, outcome),
    });
    this.#dispatch = new Dispatch({
      deviceId: this.deviceId,
      clock,
      logger: this.#logger,
      send: (message) => this.#link.send(message),
      open: (request, protocol, signal) => this.#open(request, protocol, signal),
      openTunnel: (request, signal) => this.#openTunnel(request, signal),
      resume: (request) => this.#resumption(request),
    });
    this.#key = new DeviceKey(credentials, clock);
    const url = this.#origin.replace(/^https:/, 'wss:');
    this.#link = new Link(
      { url, deviceId: credentials.deviceId, instanceId: newId(random), signer: this.#key.signer, ...this.#access, clock, random },
      this.#linkEvents,
    );
  }

  /**
   * Makes a client from the connection string that the hub printed for the device.
   * @throws `STREAMS_INVALID_ARGUMENT` that names the field.
   */
  static fromConnectionString(connectionString: string | undefined, settings: DeviceClientSettings = {}): DeviceClient {
    const credentials = parseDeviceConnectionString(connectionString);
    return new DeviceClient({
      ...settings,
      hostName: formatHost(credentials),
      deviceId: credentials.deviceId,
      sharedAccessKey: credentials.key.reveal(),
      ca: settings.ca ?? credentials.caCertificate,
    });
  }

  /** Where the control link stands. */
  get state(): LinkState {
    return this.#link.state;
  }

  /**
   * Takes the callback for stream requests, before or after `connect()`. While there is none, requests are rejected with
   * `STREAMS_NO_HANDLER`; one that throws rejects with `STREAMS_HANDLER_FAILED`. It may answer after it has returned.
   * @returns a function that unregisters it.
   * @throws `STREAMS_INVALID_STATE` if there is one already, or a loop over `requests()`.
   */
  onStreamRequest(handler: StreamRequestHandler, options: RequestOptions = {}): () => void {
    return this.#dispatch.register(handler, options);
  }

  /**
   * The stream requests as an async iterator, instead of the callback. It takes them from the call on, and requests wait in it
   * until the loop comes round, but not beyond their own time-out: do not await a whole stream in the loop, start it.
   *
   * The loop ends when the client is closed. Leaving it rejects what waits, and what comes later, with `STREAMS_NO_HANDLER`.
   * @throws `STREAMS_INVALID_STATE` if there is a callback or a loop already; within the loop `STREAMS_ABORTED`, and
   * `STREAMS_REPLACED` when that has ended the client.
   */
  requests(options: RequestLoopOptions = {}): AsyncIterableIterator<StreamRequest> {
    return this.#dispatch.iterate(options);
  }

  /**
   * Listens to an event, until the returned function is called. There is no `error` event: failures show in `state`, in
   * `closed`, and in the promises of the calls.
   * @throws `STREAMS_INVALID_ARGUMENT` if there is no event of this name.
   */
  on<Name extends keyof DeviceClientEvents>(name: Name, listener: (...values: DeviceClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Connects, and from then on stays connected: a link that is lost is dialled again until `close()`.
   * Resolves once the hub has welcomed the device, at once where it has done so before; while the hub cannot be reached it keeps trying.
   * @throws `STREAMS_UNAUTHENTICATED` and `STREAMS_TLS_FAILED` at once, `STREAMS_ABORTED`, `STREAMS_CLOSED`, `STREAMS_REPLACED`.
   */
  async connect({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#link.connect(signal);
  }

  /**
   * Goes on with another key of the device, the one in this connection string: dials a link with it, and then gives the present one up. Open
   * streams, and those that are being opened, go on, also when the key of before is replaced then. While the hub cannot be reached it waits.
   * @throws `STREAMS_UNAUTHENTICATED` where the hub does not accept the key: the key of before stays in use. `STREAMS_INVALID_ARGUMENT` if the
   * string is of another device or hub, `STREAMS_TLS_FAILED`, `STREAMS_CLOSED`, `STREAMS_REPLACED`.
   */
  async useConnectionString(connectionString: string): Promise<void> {
    await this.#key.exchange(connectionString, () => this.#link.renew());
  }

  /**
   * Takes no more requests, ends handshakes with `STREAMS_CLOSED`, lets open streams finish for `closeTimeoutMs`, aborts the
   * rest, and resolves once every socket is gone. Idempotent.
   */
  async close(): Promise<void> {
    this.#link.close();
    await Promise.all([this.#streams, this.#sessions].map((open) => open.drain(this.#clock, this.#closeTimeoutMs)));
    await this.closed;
  }

  /** Ends the link and all streams at once. */
  destroy(): void {
    this.#link.close();
    this.#link.terminate();
    this.#streams.abort();
    this.#sessions.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #open(request: RequestMessage, protocol: string, signal: AbortSignal): Promise<DeviceStream> {
    const leg = await this.#dial(request, protocol, signal);
    const info = { id: request.streamId, name: request.name, deviceId: this.deviceId, protocol };
    if (protocol !== SESSION_PROTOCOL) return this.#streams.add(new DeviceStream(leg, info, this.#clock));
    const { stream, session } = openSessionStream(this.#sessions.keep(leg), info, this.#sessionSettings);
    this.#keep(session, request);
    return this.#streams.add(stream);
  }

  async #openTunnel(request: RequestMessage, signal: AbortSignal): Promise<Tunnel> {
    const leg = await this.#dial(request, SESSION_PROTOCOL, signal);
    const info = { id: request.streamId, name: request.name, deviceId: this.deviceId };
    const tunnel = new Tunnel(info, { ...this.#sessionSettings, logger: this.#logger });
    this.#keep(tunnel.session, request);
    tunnel.session.attach(this.#sessions.keep(leg));
    return tunnel;
  }

  /** A session goes on for those alone for whom it was accepted. */
  #resumption(request: RequestMessage): ((signal: AbortSignal) => Promise<void>) | undefined {
    const { resumes = '', name, requester } = request;
    const { session, owner } = this.#sessions.get(resumes) ?? {};
    if (owner?.name !== name || owner.policy !== requester.policy) return undefined;
    return async (signal) => {
      const dial = (): Promise<Leg> => this.#dial(request, SESSION_PROTOCOL, signal);
      session?.attach(this.#sessions.keep(await redialLeg(dial, this.#clock, signal)));
    };
  }

  get #linkEvents(): LinkEvents {
    return {
      message: (message) => this.#onMessage(message),
      state: (state, before) => this.#onState(state, before),
      moved: ({ withinMs }) => this.#sessions.move(withinMs),
      gone: () => this.#onGone(),
    };
  }

  get #sessionSettings(): Pick<SessionOptions, 'role' | 'clock' | 'random' | 'maxWindowBytes'> {
    return { role: 'device', clock: this.#clock, random: this.#random, maxWindowBytes: this.#maxReplayBytes };
  }

  #keep(session: Session, { name, requester }: RequestMessage): void {
    this.#sessions.add(session, { name, policy: requester.policy });
  }

  async #dial(request: RequestMessage, protocol: string, signal: AbortSignal): Promise<Leg> {
    const { streamId, url, token, timeoutMs } = request;
    const origins = [this.#origin, ...this.#link.streamingEndpoints];
    const context = { ...this.#access, clock: this.#clock, origins, signal, phase: 'service-leg' as const };
    const leg = await dialLeg({ url, token, protocol, timeoutMs }, context);
    // A connection that dies on this side may stand on the hub's for long, and the service would wait as long.
    leg.once('close', ({ code }) => {
      if (code === CLOSE_LOST) this.#link.send({ type: 'lost', streamId });
    });
    return leg;
  }

  #onMessage(message: HubMessage): void {
    if (message.type === 'request') this.#dispatch.request(message);
    else if (message.type === 'cancel') this.#dispatch.cancel(message.streamId, message.code);
  }

  #onState(state: LinkState, before: LinkState): void {
    const { deviceId } = this;
    this.#logger.info({ deviceId, link: state }, `the control link is ${state.name}`);
    publishLinkState(() => ({ deviceId, state: state.name, ...linkTrouble(state) }));
    if (state.name === 'closed') this.#dispatch.close(state.cause);
    // The network has changed, or slept: the legs may be dead too.
    else if (state.name === 'connected' && before.name === 'connecting') this.#sessions.checkLife();
    announce(this.#events, state, before);
  }

  #onGone(): void {
    this.#ended.resolve(this.state.name === 'closed' ? this.state.cause : undefined);
  }
}

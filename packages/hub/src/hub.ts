// The hub: puts the parts together, listens, and closes.
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  asPutDeviceBody,
  type Clock,
  CLOSE_RESTART,
  CLOSE_TIMEOUT_MS,
  createError,
  formatConnectionString,
  type HubAddress,
  type Logger,
  type PutDeviceBody,
  type Random,
  Secret,
  systemClock,
  systemRandom,
} from '@streams/protocol/internal';
import { Authenticator } from './auth/authenticate.ts';
import { Policies } from './auth/policies.ts';
import { Revocation } from './auth/revocation.ts';
import { Addresses } from './config/addresses.ts';
import { checkOptions, type HubOptions } from './config/schema.ts';
import { localRouter } from './control/router.ts';
import { Sessions } from './control/sessions.ts';
import { MemoryRegistry } from './devices/memory-registry.ts';
import { DeviceWriter } from './devices/device-writer.ts';
import type { DeviceRecord, Registry } from './devices/registry.ts';
import { deviceRoutes } from './devices/routes.ts';
import { createLogger } from './diagnostics/logger.ts';
import { ResourceLog } from './diagnostics/resource-log.ts';
import { checkDrain, drain, type DrainOptions } from './drain.ts';
import { Front } from './http/front.ts';
import { DEFAULT_PORT, type Listeners, type ListenOptions, openListeners } from './http/listener.ts';
import type { ServerHandlers } from './http/server.ts';
import { TrustedProxies } from './http/trusted-proxies.ts';
import { Upgrades } from './http/upgrade.ts';
import { Broker } from './streams/broker.ts';
import { streamRoutes } from './streams/routes.ts';
import type { Certificates } from './tls/certificates.ts';
import { openCertificates } from './tls/server-options.ts';

/** Where a hub listens, and under which URLs clients reach it. */
export interface HubPorts {
  readonly port: number;
  readonly url: string;
  /** The same again, unless the streaming endpoint has a port of its own. */
  readonly streaming: { readonly port: number; readonly url: string };
}

/** A hub: coordinates and relays. Made by {@link createHub}. */
export class Hub {
  readonly #options: HubOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #registry: Registry;
  readonly #devices: DeviceWriter;
  readonly #policies: Policies;
  readonly #sessions: Sessions;
  readonly #broker: Broker;
  readonly #addresses: Addresses;
  readonly #front: Front;
  readonly #handlers: ServerHandlers;
  readonly #revocation: Revocation;
  #listeners: Promise<Listeners> | undefined;
  #certificates: Certificates | undefined;
  #drained: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  readonly #closing = new AbortController();

  /** @internal */
  constructor(options: HubOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#logger = createLogger(options.logger);
    this.#registry = options.registry ?? new MemoryRegistry();
    this.#devices = new DeviceWriter(this.#registry, this.#random);
    this.#policies = new Policies(options.policies);
    this.#addresses = new Addresses(options);
    this.#sessions = new Sessions(
      this.#clock,
      () => this.#addresses.welcome(this.#clock.wallMs()),
      (deviceId, streamId) => this.#broker.lose(streamId, deviceId),
    );
    const shared = { clock: this.#clock, random: this.#random, registry: this.#registry, sessions: this.#sessions };
    this.#broker = new Broker({
      ...shared,
      router: localRouter(this.#sessions),
      log: new ResourceLog(this.#logger),
      streamingUrl: () => this.#addresses.urls().streaming.replace(/^https:/, 'wss:'),
      onStream: (deviceId) => this.#revocation.check(deviceId),
    });
    this.#front = this.#createFront();
    this.#handlers = this.#front.handlers();
    this.#revocation = new Revocation({ ...shared, broker: this.#broker, logger: this.#logger });
  }

  /**
   * Starts to listen.
   * @returns the ports, and the URLs under which clients reach the hub.
   * @throws `STREAMS_INVALID_STATE` if it listens already, `STREAMS_INVALID_ARGUMENT` for a bad certificate or address.
   */
  async listen(options: ListenOptions = {}): Promise<HubPorts> {
    if (this.#listeners || this.#closed) throw createError('INVALID_STATE', { message: 'listen: a hub listens once' });
    this.#listeners = this.#open(options);
    try {
      const { ports } = await this.#listeners;
      const urls = this.#addresses.urls();
      return { port: ports.main, url: urls.main, streaming: { port: ports.streaming, url: urls.streaming } };
    } catch (error) {
      this.#listeners = undefined;
      throw error;
    }
  }

  /**
   * For the event `request` of a server of your own, `node:https` or `node:http`: answers a request, with 404 what is none of the hub's.
   * Plain HTTP is taken from loopback, or from a trusted proxy that says `https`.
   * @throws `STREAMS_INVALID_STATE` unless the hub was made with `tls: false`.
   */
  get handleRequest(): RequestListener {
    return this.#embedded('handleRequest').onRequest;
  }

  /**
   * The same for the event `upgrade`. The socket is the hub's from then on.
   * @throws `STREAMS_INVALID_STATE` unless the hub was made with `tls: false`.
   */
  get handleUpgrade(): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
    return this.#embedded('handleUpgrade').onUpgrade;
  }

  /** True if the path is one of the hub's. `/healthz` and `/readyz` are not, though `handleRequest` answers them. */
  handles(request: IncomingMessage): boolean {
    return this.#front.handles(request.url ?? '');
  }

  /**
   * Takes the certificate files as they are now, or signs a new certificate with the hub's own CA. The hub does so by itself, some
   * seconds after the files have changed; this is for who wants it at once. Connections that are open stay as they are.
   * @throws `STREAMS_INVALID_ARGUMENT` that says what is wrong with the files: the certificate in force stays. `STREAMS_INVALID_STATE`
   * if the hub does not listen, or got its certificate as text.
   */
  async reloadCertificate(): Promise<void> {
    if (!this.#certificates || this.#closed)
      throw createError('INVALID_STATE', { message: 'reloadCertificate: the hub has no port with TLS' });
    await this.#certificates.reload();
  }

  /** Handshakes and streams that have not ended. */
  get openStreams(): number {
    return this.#broker.size;
  }

  /**
   * Takes no new streams and links, lets what runs end for a while, then closes as {@link Hub.close} does, and resolves with it. From
   * its call on `/readyz` answers 503, and every answer ends its connection. Idempotent; `close()` ends it at once.
   *
   * It waits for handshakes and streams. Streams that survive the close, those of sessions, it waits for while they carry something,
   * so that nothing is interrupted which is soon over; with `withinMs` until they have moved.
   * @throws `STREAMS_INVALID_ARGUMENT` that names the option.
   */
  drain(options: DrainOptions = {}): Promise<void> {
    checkDrain(options);
    this.#drained ??= this.#drain(options);
    return this.#drained;
  }

  /**
   * Ends handshakes, streams and control links, and resolves once every connection is gone. Idempotent. A server of your own goes on;
   * what it still hands to the hub is answered with 503.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Creates a device, or changes one; keys that are missing are made.
   * @throws `STREAMS_INVALID_DEVICE_ID`, `STREAMS_BAD_REQUEST` that names the field.
   */
  async putDevice(deviceId: string, body: PutDeviceBody = {}): Promise<DeviceRecord> {
    return (await this.#devices.put(deviceId, asPutDeviceBody({ ...body }))).device;
  }

  /**
   * Deletes a device; its links and streams end with 1008.
   * @throws `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_DEVICE_ID`
   */
  deleteDevice(deviceId: string): Promise<void> {
    return this.#devices.delete(deviceId);
  }

  /**
   * The connection string of a device or a policy: a secret. It pins the hub's own CA, where it has one.
   * @throws `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_ARGUMENT` for an unknown policy, `STREAMS_INVALID_STATE` before `listen`
   * unless `tls` is `false`.
   */
  async connectionString(who: { readonly deviceId: string } | { readonly policy: string }): Promise<string> {
    const hub: HubAddress = { ...this.#addresses.hubAddress(), caCertificate: this.#certificates?.identity.caCertificate };
    if ('policy' in who) {
      const key = this.#policies.find(who.policy)?.keys[0];
      if (key === undefined) throw createError('INVALID_ARGUMENT', { message: `policy: the hub has none of the name ${who.policy}` });
      return formatConnectionString({ ...hub, policy: who.policy, key: new Secret(key) });
    }
    const device = await this.#registry.get(who.deviceId);
    if (device === undefined) throw createError('DEVICE_NOT_FOUND');
    return formatConnectionString({ ...hub, deviceId: device.deviceId, key: new Secret(device.keys[0]) });
  }

  #createFront(): Front {
    const { hostNames } = this.#addresses;
    const parts = { clock: this.#clock, random: this.#random, registry: this.#registry, sessions: this.#sessions, broker: this.#broker };
    return new Front({
      ...parts,
      logger: this.#logger,
      hostNames,
      proxies: new TrustedProxies(this.#options.trustedProxies ?? []),
      authenticator: new Authenticator([...hostNames], this.#policies, this.#registry, this.#clock),
      routes: [
        ...deviceRoutes({ ...parts, devices: this.#devices }),
        ...streamRoutes(this.#broker),
        { method: 'GET', path: ['v1', 'hub'], handle: () => ({ status: 200, body: this.#addresses.view() }) },
      ],
      upgrades: new Upgrades({
        ...parts,
        keepAliveMs: this.#options.keepAliveMs,
        authenticate: (caller) => this.#front.authenticate(caller),
        onLink: (deviceId) => this.#revocation.check(deviceId),
      }),
      isReady: () => this.#drained === undefined && this.#closed === undefined,
      isClosed: () => this.#closed !== undefined,
    });
  }

  async #drain(options: DrainOptions): Promise<void> {
    this.#logger.info({ streams: this.openStreams }, 'the hub drains');
    const parts = { clock: this.#clock, broker: this.#broker, sessions: this.#sessions };
    // Whoever comes next is to find another hub, where there is one.
    void this.#listeners?.then((listeners) => listeners.closeIdle()).catch(() => undefined);
    await drain(parts, options, this.#closing.signal);
    await this.close();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#revocation.stop();
    this.#broker.close(CLOSE_RESTART, 'DRAINING;retry=1');
    this.#sessions.close(CLOSE_RESTART, 'DRAINING;retry=1');
    const limited = (cut: () => void): (() => void) => this.#clock.after(CLOSE_TIMEOUT_MS, cut);
    const listeners = await this.#listeners?.catch(() => undefined);
    this.#certificates?.stop();
    await Promise.all([this.#front.close(limited), listeners?.close(limited)]);
  }

  async #open(options: ListenOptions): Promise<Listeners> {
    const { tls } = this.#options;
    this.#addresses.checkPorts(options.port ?? DEFAULT_PORT, options.streaming?.port);
    const certificates = tls === false ? undefined : await openCertificates(tls, [...this.#addresses.hostNames], this.#clock, this.#logger);
    const listeners = await openListeners(certificates?.identity, this.#front, options);
    certificates?.serve(listeners.present);
    this.#certificates = certificates;
    this.#addresses.listensOn(listeners.ports);
    return listeners;
  }

  #embedded(name: string): ServerHandlers {
    if (this.#options.tls === false) return this.#handlers;
    throw createError('INVALID_STATE', { message: `${name}: is for hubs with tls: false, whose TLS your own server ends` });
  }
}

/**
 * Makes a hub; it opens no socket before `listen`.
 * @throws `STREAMS_INVALID_ARGUMENT` that names the option.
 */
export function createHub(options: HubOptions): Hub {
  checkOptions(options);
  return new Hub(options);
}

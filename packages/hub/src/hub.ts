// The hub: puts the parts together, listens, and closes.
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import {
  asPutDeviceBody,
  type Clock,
  CLOSE_RESTART,
  CLOSE_REVOKED,
  CLOSE_TIMEOUT_MS,
  createError,
  formatConnectionString,
  type HubAddress,
  type HubMessage,
  type HubView,
  type Logger,
  parseHost,
  type PutDeviceBody,
  type Random,
  Secret,
  systemClock,
  systemRandom,
  VERSION,
} from '@streams/protocol/internal';
import { Authenticator } from './auth/authenticate.ts';
import { Policies } from './auth/policies.ts';
import { checkOptions, type HubOptions } from './config/schema.ts';
import { localRouter } from './control/router.ts';
import { Sessions } from './control/sessions.ts';
import { MemoryRegistry } from './devices/memory-registry.ts';
import { putDevice } from './devices/put-device.ts';
import type { DeviceRecord, Registry } from './devices/registry.ts';
import { deviceRoutes } from './devices/routes.ts';
import { createLogger } from './diagnostics/logger.ts';
import { ResourceLog } from './diagnostics/resource-log.ts';
import { Front } from './http/front.ts';
import { closeServer, createHubServer, trackSockets } from './http/server.ts';
import { Upgrades } from './http/upgrade.ts';
import { Broker } from './streams/broker.ts';
import { streamRoutes } from './streams/routes.ts';
import type { Certificates } from './tls/certificates.ts';
import { openCertificates } from './tls/server-options.ts';

const DEFAULT_PORT = 8443;

/** Where a hub listens. */
export interface ListenOptions {
  /** Default: 8443. 0 takes a free one. */
  readonly port?: number | undefined;
  /** Default: all addresses. */
  readonly host?: string | undefined;
}

interface Listening {
  readonly server: Server;
  readonly sockets: ReadonlySet<Socket>;
  readonly certificates: Certificates;
  readonly publicUrl: string;
}

/** A hub: coordinates and relays. Made by {@link createHub}. */
export class Hub {
  readonly #options: HubOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #registry: Registry;
  readonly #policies: Policies;
  readonly #sessions: Sessions;
  readonly #broker: Broker;
  readonly #front: Front;
  readonly #forgetChanges: () => void;
  #listening: Listening | undefined;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(options: HubOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#logger = createLogger(options.logger);
    this.#registry = options.registry ?? new MemoryRegistry();
    this.#policies = new Policies(options.policies);
    this.#sessions = new Sessions(this.#clock, () => this.#welcome());
    const shared = { clock: this.#clock, random: this.#random, registry: this.#registry, sessions: this.#sessions };
    this.#broker = new Broker({
      ...shared,
      router: localRouter(this.#sessions),
      log: new ResourceLog(this.#logger),
      streamingUrl: () => this.#streamingUrl().replace(/^https:/, 'wss:'),
    });
    const hostNames = this.#hostNames();
    this.#front = new Front({
      ...shared,
      logger: this.#logger,
      hostNames,
      authenticator: new Authenticator([...hostNames], this.#policies, this.#registry, this.#clock),
      routes: [
        ...deviceRoutes(shared),
        ...streamRoutes(this.#broker),
        { method: 'GET', path: ['v1', 'hub'], handle: () => this.#discovery() },
      ],
      upgrades: new Upgrades({ ...shared, broker: this.#broker, authenticate: (header, id) => this.#front.authenticate(header, id) }),
      isReady: () => this.#closed === undefined,
    });
    this.#forgetChanges = this.#registry.changes(({ deviceId, device }) => this.#onDeviceChange(deviceId, device));
  }

  /**
   * Starts to listen.
   * @returns the port, and the URL under which clients reach the hub.
   * @throws `STREAMS_INVALID_STATE` if it listens already, `STREAMS_INVALID_ARGUMENT` for a bad certificate or address.
   */
  async listen({ port = DEFAULT_PORT, host }: ListenOptions = {}): Promise<{ port: number; url: string }> {
    if (this.#listening || this.#closed) throw createError('INVALID_STATE', { message: 'listen: a hub listens once' });
    const certificates = await openCertificates(this.#options.tls, [...this.#hostNames()], this.#clock, this.#logger);
    const server = createHubServer(certificates.identity, {
      onRequest: (request, response) => void this.#front.onRequest(request, response),
      onUpgrade: (request, socket, head) => void this.#front.onUpgrade(request, socket, head),
    });
    const sockets = trackSockets(server);
    await listening(server, port, host);
    const actual = (server.address() as AddressInfo).port;
    const publicUrl = this.#options.publicUrl ?? `https://${this.#options.hostNames[0]}:${actual}`;
    certificates.serve(server);
    this.#listening = { server, sockets, certificates, publicUrl: new URL(publicUrl).origin };
    return { port: actual, url: this.#listening.publicUrl };
  }

  /**
   * Takes the certificate files as they are now, or signs a new certificate with the hub's own CA. The hub does so by itself, some
   * seconds after the files have changed; this is for who wants it at once. Connections that are open stay as they are.
   * @throws `STREAMS_INVALID_ARGUMENT` that says what is wrong with the files: the certificate in force stays. `STREAMS_INVALID_STATE`
   * if the hub does not listen, or got its certificate as text.
   */
  async reloadCertificate(): Promise<void> {
    if (!this.#listening || this.#closed) throw createError('INVALID_STATE', { message: 'reloadCertificate: the hub does not listen' });
    await this.#listening.certificates.reload();
  }

  /** Handshakes and streams that have not ended. */
  get openStreams(): number {
    return this.#broker.size;
  }

  /** Ends handshakes, streams and control links, and resolves once every connection is gone. Idempotent. */
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
    return (await putDevice(this.#registry, this.#random, deviceId, asPutDeviceBody({ ...body }))).device;
  }

  /**
   * The connection string of a device or a policy: a secret. It pins the hub's own CA, where it has one.
   * @throws `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_ARGUMENT` for an unknown policy, `STREAMS_INVALID_STATE` before `listen`.
   */
  async connectionString(who: { readonly deviceId: string } | { readonly policy: string }): Promise<string> {
    const hub = this.#address();
    if ('policy' in who) {
      const key = this.#policies.find(who.policy)?.keys[0];
      if (key === undefined) throw createError('INVALID_ARGUMENT', { message: `policy: the hub has none of the name ${who.policy}` });
      return formatConnectionString({ ...hub, policy: who.policy, key: new Secret(key) });
    }
    const device = await this.#registry.get(who.deviceId);
    if (device === undefined) throw createError('DEVICE_NOT_FOUND');
    return formatConnectionString({ ...hub, deviceId: device.deviceId, key: new Secret(device.keys[0]) });
  }

  async #close(): Promise<void> {
    this.#forgetChanges();
    this.#broker.close(CLOSE_RESTART, 'DRAINING;retry=1');
    this.#sessions.close(CLOSE_RESTART, 'DRAINING;retry=1');
    if (!this.#listening) return;
    const { server, sockets, certificates } = this.#listening;
    certificates.stop();
    await closeServer(server, sockets, (cut) => this.#clock.after(CLOSE_TIMEOUT_MS, cut));
  }

  #onDeviceChange(deviceId: string, device: DeviceRecord | undefined): void {
    if (device?.enabled) return;
    this.#sessions.closeDevice(deviceId, CLOSE_REVOKED, 'REVOKED;retry=0');
    this.#broker.endDevice(deviceId, CLOSE_REVOKED, 'REVOKED;retry=0');
  }

  #welcome(): HubMessage {
    const hub = { name: new URL(this.#publicUrl()).hostname, version: VERSION };
    return { type: 'welcome', hub, streamingEndpoints: [this.#streamingUrl()], timeMs: Math.floor(this.#clock.wallMs()), capabilities: [] };
  }

  #discovery(): { status: number; body: HubView } {
    const hostName = new URL(this.#publicUrl()).host;
    return { status: 200, body: { hostName, streamingEndpoints: [this.#streamingUrl()], version: VERSION } };
  }

  #address(): HubAddress {
    const host = parseHost(new URL(this.#publicUrl()).host);
    if (!host) throw createError('INVALID_ARGUMENT', { message: 'publicUrl: has no usable host name' });
    return { ...host, caCertificate: this.#listening?.certificates.identity.caCertificate };
  }

  #publicUrl(): string {
    const url = this.#listening?.publicUrl;
    if (url === undefined) throw createError('INVALID_STATE', { message: 'the hub does not listen yet' });
    return url;
  }

  #streamingUrl(): string {
    return this.#options.streamingUrl === undefined ? this.#publicUrl() : new URL(this.#options.streamingUrl).origin;
  }

  #hostNames(): Set<string> {
    const { hostNames, publicUrl, streamingUrl } = this.#options;
    const urls = [publicUrl, streamingUrl].filter((url) => url !== undefined);
    return new Set([...hostNames.map((name) => name.toLowerCase()), ...urls.map((url) => new URL(url).hostname)]);
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

function listening(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(createError('INVALID_ARGUMENT', { message: `listen: ${cause.message}`, details: { field: 'port' }, cause }));
    });
    server.listen(port, host, () => resolve());
  });
}

// The hub: puts the parts together, listens, and closes.
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import {
  asPutDeviceBody,
  type Clock,
  CLOSE_RESTART,
  CLOSE_TIMEOUT_MS,
  createError,
  formatConnectionString,
  type HubAddress,
  type HubMessage,
  type HubView,
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
import { Revocation } from './auth/revocation.ts';
import { checkOptions, type HubOptions } from './config/schema.ts';
import { localRouter } from './control/router.ts';
import { Sessions } from './control/sessions.ts';
import { MemoryRegistry } from './devices/memory-registry.ts';
import { DeviceWriter } from './devices/device-writer.ts';
import type { DeviceRecord, Registry } from './devices/registry.ts';
import { deviceRoutes } from './devices/routes.ts';
import { createLogger } from './diagnostics/logger.ts';
import { ResourceLog } from './diagnostics/resource-log.ts';
import { Front } from './http/front.ts';
import { closeServer, createHubServer, trackSockets } from './http/server.ts';
import { Upgrades } from './http/upgrade.ts';
import { Broker } from './streams/broker.ts';
import { streamRoutes } from './streams/routes.ts';
import { loadIdentity, type ServerIdentity } from './tls/server-options.ts';

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
  readonly identity: ServerIdentity;
  readonly publicUrl: string;
}

/** A hub: coordinates and relays. Made by {@link createHub}. */
export class Hub {
  readonly #options: HubOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #registry: Registry;
  readonly #devices: DeviceWriter;
  readonly #policies: Policies;
  readonly #sessions: Sessions;
  readonly #broker: Broker;
  readonly #front: Front;
  readonly #revocation: Revocation;
  #listening: Listening | undefined;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(options: HubOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#registry = options.registry ?? new MemoryRegistry();
    this.#devices = new DeviceWriter(this.#registry, this.#random);
    this.#policies = new Policies(options.policies);
    this.#sessions = new Sessions(this.#clock, () => this.#welcome());
    const logger = createLogger(options.logger);
    const shared = { clock: this.#clock, random: this.#random, registry: this.#registry, sessions: this.#sessions };
    this.#broker = new Broker({
      ...shared,
      router: localRouter(this.#sessions),
      log: new ResourceLog(logger),
      streamingUrl: () => this.#streamingUrl().replace(/^https:/, 'wss:'),
      onStream: (deviceId) => this.#revocation.check(deviceId),
    });
    const hostNames = this.#hostNames();
    this.#front = new Front({
      ...shared,
      logger,
      hostNames,
      authenticator: new Authenticator([...hostNames], this.#policies, this.#registry, this.#clock),
      routes: [
        ...deviceRoutes({ ...shared, devices: this.#devices }),
        ...streamRoutes(this.#broker),
        { method: 'GET', path: ['v1', 'hub'], handle: () => this.#discovery() },
      ],
      upgrades: new Upgrades({
        ...shared,
        broker: this.#broker,
        authenticate: (header, id) => this.#front.authenticate(header, id),
        onLink: (deviceId) => this.#revocation.check(deviceId),
      }),
      isReady: () => this.#closed === undefined,
    });
    this.#revocation = new Revocation({ ...shared, broker: this.#broker, logger });
  }

  /**
   * Starts to listen.
   * @returns the port, and the URL under which clients reach the hub.
   * @throws `STREAMS_INVALID_STATE` if it listens already, `STREAMS_INVALID_ARGUMENT` for a bad certificate or address.
   */
  async listen({ port = DEFAULT_PORT, host }: ListenOptions = {}): Promise<{ port: number; url: string }> {
    if (this.#listening || this.#closed) throw createError('INVALID_STATE', { message: 'listen: a hub listens once' });
    const identity = await loadIdentity(this.#options.tls, [...this.#hostNames()], this.#clock);
    const server = createServerOf(identity, this.#front);
    const sockets = trackSockets(server);
    await listening(server, port, host);
    const actual = (server.address() as AddressInfo).port;
    const publicUrl = this.#options.publicUrl ?? `https://${this.#options.hostNames[0]}:${actual}`;
    this.#listening = { server, sockets, identity, publicUrl: new URL(publicUrl).origin };
    return { port: actual, url: this.#listening.publicUrl };
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
    this.#revocation.stop();
    this.#broker.close(CLOSE_RESTART, 'DRAINING;retry=1');
    this.#sessions.close(CLOSE_RESTART, 'DRAINING;retry=1');
    if (!this.#listening) return;
    const { server, sockets } = this.#listening;
    await closeServer(server, sockets, (cut) => this.#clock.after(CLOSE_TIMEOUT_MS, cut));
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
    return { ...host, caCertificate: this.#listening?.identity.caCertificate };
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

function createServerOf(identity: ServerIdentity, front: Front): Server {
  try {
    return createHubServer(identity, {
      onRequest: (request, response) => void front.onRequest(request, response),
      onUpgrade: (request, socket, head) => void front.onUpgrade(request, socket, head),
    });
  } catch (cause) {
    throw createError('INVALID_ARGUMENT', {
      message: 'tls: expected a private key and its certificate in PEM',
      details: { field: 'tls' },
      cause,
    });
  }
}

function listening(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(createError('INVALID_ARGUMENT', { message: `listen: ${cause.message}`, details: { field: 'port' }, cause }));
    });
    server.listen(port, host, () => resolve());
  });
}

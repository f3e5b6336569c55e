// The hub: listens, drains, and closes; its parts do the rest.
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  asPutDeviceBody,
  CLOSE_RESTART,
  CLOSE_TIMEOUT_MS,
  createError,
  formatConnectionString,
  type HubAddress,
  type PutDeviceBody,
  Secret,
} from '@streams/protocol/internal';
import { checkReload, type ReloadOptions } from './config/reload.ts';
import { checkOptions, type HubOptions } from './config/schema.ts';
import type { DeviceRecord } from './devices/registry.ts';
import { checkDrain, drain, type DrainOptions } from './drain.ts';
import { DEFAULT_PORT, type Listeners, type ListenOptions, openListeners } from './http/listener.ts';
import type { ServerHandlers } from './http/server.ts';
import { assemble, type HubParts } from './parts.ts';
import { Certificates } from './tls/certificates.ts';
import { openSource, reloadCertificates } from './tls/server-options.ts';

/** Where a hub listens, and under which URLs clients reach it. */
export interface HubPorts {
  readonly port: number;
  readonly url: string;
  /** The same again, unless the streaming endpoint has a port of its own. */
  readonly streaming: { readonly port: number; readonly url: string };
}

/** A hub: coordinates and relays. Made by {@link createHub}. */
export class Hub {
  #options: HubOptions;
  readonly #parts: HubParts;
  readonly #handlers: ServerHandlers;
  #listeners: Promise<Listeners> | undefined;
  /** The same, once they are open. */
  #opened: Listeners | undefined;
  #certificates: Certificates | undefined;
  #drained: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  readonly #closing = new AbortController();

  /** @internal */
  constructor(options: HubOptions) {
    this.#options = options;
    this.#parts = assemble(options, {
      isReady: () => this.#drained === undefined && this.#closed === undefined,
      isClosed: () => this.#closed !== undefined,
      connections: () => this.#opened?.connections(),
      certificateExpiryMs: () => this.#certificates?.expiryMs,
    });
    this.#handlers = this.#parts.front.handlers();
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
      const urls = this.#parts.addresses.urls();
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
    return this.#parts.front.handles(request.url ?? '');
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

  /**
   * Takes the keys of JSON Web Tokens as they are now. The hub does so by itself, at intervals and for a key that is new.
   * @throws `STREAMS_INVALID_ARGUMENT` or `STREAMS_CONNECT_FAILED` that says what is wrong with them: those that are known stay.
   * `STREAMS_INVALID_STATE` for a hub without the option `jwt`.
   */
  async reloadTokenKeys(): Promise<void> {
    const { tokenKeys } = this.#parts;
    if (!tokenKeys || this.#closed) throw createError('INVALID_STATE', { message: 'reloadTokenKeys: the hub takes no JSON Web Tokens' });
    await tokenKeys.reload();
  }

  /**
   * Takes options that can change while the hub runs: those of {@link ReloadOptions}. Certificates are read again, whether their option has
   * changed or not. Nothing is ended because fewer streams or connections are allowed than there are; streams that run take the new rate, life
   * and idle time.
   * @throws `STREAMS_INVALID_ARGUMENT` that names what is wrong, or needs a restart: then nothing has changed. `STREAMS_INVALID_STATE` once
   * the hub is closed.
   */
  async reload(options: ReloadOptions): Promise<void> {
    if (this.#closed) throw createError('INVALID_STATE', { message: 'reload: the hub is closed' });
    checkReload(options);
    const { tls = this.#options.tls, limits } = options;
    // What can still fail comes first.
    await reloadCertificates(this.#certificates, this.#options.tls, tls, this.#parts.clock);
    if (limits) this.#parts.limits.update(limits);
    this.#options = { ...this.#options, ...options, tls };
  }

  /** Handshakes and streams that have not ended. */
  get openStreams(): number {
    return this.#parts.broker.size;
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
    return (await this.#parts.devices.put(deviceId, asPutDeviceBody({ ...body }))).device;
  }

  /**
   * Deletes a device; its links and streams end with 1008.
   * @throws `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_DEVICE_ID`
   */
  deleteDevice(deviceId: string): Promise<void> {
    return this.#parts.devices.delete(deviceId);
  }

  /**
   * The connection string of a device or a policy: a secret. It pins the hub's own CA, where it has one.
   * @throws `STREAMS_DEVICE_NOT_FOUND`, `STREAMS_INVALID_ARGUMENT` for an unknown policy, `STREAMS_INVALID_STATE` before `listen`
   * unless `tls` is `false`.
   */
  async connectionString(who: { readonly deviceId: string } | { readonly policy: string }): Promise<string> {
    const { addresses, policies, registry } = this.#parts;
    const hub: HubAddress = { ...addresses.hubAddress(), caCertificate: this.#certificates?.identity.caCertificate };
    if ('policy' in who) {
      const key = (await policies.get(who.policy))?.keys[0];
      if (key === undefined) throw createError('INVALID_ARGUMENT', { message: `policy: the hub has none of the name ${who.policy}` });
      return formatConnectionString({ ...hub, policy: who.policy, key: new Secret(key) });
    }
    const device = await registry.get(who.deviceId);
    if (device === undefined) throw createError('DEVICE_NOT_FOUND');
    return formatConnectionString({ ...hub, deviceId: device.deviceId, key: new Secret(device.keys[0]) });
  }

  async #drain(options: DrainOptions): Promise<void> {
    this.#parts.logger.info({ streams: this.openStreams }, 'the hub drains');
    // Whoever comes next is to find the other hub, where there is one. Else a kept connection stays for the answer that tells of the drain.
    if (options.withinMs !== undefined) void this.#listeners?.then((listeners) => listeners.closeIdle()).catch(() => undefined);
    await drain(this.#parts, options, this.#closing.signal);
    await this.close();
  }

  async #close(): Promise<void> {
    const { revocation, policyRevocation, tokenKeys, measurements, broker, sessions, journal, clock, front, log } = this.#parts;
    this.#closing.abort();
    for (const part of [revocation, policyRevocation, tokenKeys, measurements]) part?.stop();
    const busy = broker.devices;
    broker.close(CLOSE_RESTART, 'DRAINING;retry=1');
    sessions.close(CLOSE_RESTART, 'DRAINING;retry=1', busy);
    const limited = (cut: () => void): (() => void) => clock.after(CLOSE_TIMEOUT_MS, cut);
    const listeners = await this.#listeners?.catch(() => undefined);
    this.#certificates?.stop();
    // Who follows the log sees how everything ended.
    const ended = front.close(limited).then(() => log.followers.close());
    await Promise.all([ended, listeners?.close(limited), journal.close()]);
    await log.close();
  }

  async #open(options: ListenOptions): Promise<Listeners> {
    const { tls } = this.#options;
    const { addresses, clock, logger, log } = this.#parts;
    addresses.checkPorts(options.port ?? DEFAULT_PORT, options.streaming?.port);
    const certificates =
      tls === false ? undefined : new Certificates(await openSource(tls, [...addresses.hostNames], clock), clock, logger);
    const listeners = await openListeners(certificates?.identity, this.#parts, options);
    certificates?.serve(listeners.present);
    this.#opened = listeners;
    this.#certificates = certificates;
    addresses.listensOn(listeners.ports);
    await log.open();
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

// The device's half of a TCP tunnel: a stream request is a connection to the service of that name, from the device's own list.
import { type Clock, clientLogger, type Joint, type Logger, resetSocket, systemClock, type Tunnel } from '@streams/protocol/internal';
import type { Socket } from 'node:net';
import type { DeviceClient } from '../client.ts';
import type { StreamRequest } from '../request.ts';
import { type Attempt, channelAttempt, type Refusal, streamAttempt } from './attempt.ts';
import { connectTarget, type Lookup, systemLookup, type TargetFailure } from './connect-target.ts';
import { type DeviceProxyService, type ProxiedService, readServices } from './services.ts';

/** What a device proxy offers, and how. */
export interface DeviceProxyOptions {
  /**
   * Stream name -> `host:port`, or the same with limits. Nothing else can be reached: a request chooses among these names and
   * says nothing of hosts or ports.
   */
  readonly services: Readonly<Record<string, string | DeviceProxyService>>;
  /** A request for a name that is not in the list is told nothing of the names that are. Default: it is told them. */
  readonly hideServices?: boolean | undefined;
  /** Hears of every stream's opening and end, with requester, name, duration and bytes. Default: silent. */
  readonly logger?: Logger | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** Finds the addresses of a host name. Default: the machine's resolver. */
  readonly lookup?: Lookup | undefined;
}

/** A device proxy that runs. */
export interface DeviceProxy {
  /**
   * Takes other services and settings, for the requests from now on; streams that run go on under the old ones.
   * @throws `STREAMS_INVALID_ARGUMENT` that names the field; then nothing has changed.
   */
  update(options: DeviceProxyOptions): void;
  /** Takes no more requests, cuts the streams that run, and resolves once their sockets are gone. Idempotent. The client stays open. */
  close(): Promise<void>;
  /** Streams that run. */
  readonly openStreams: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Offers services of the device's network as streams: a request for a name is accepted once the target of that name is
 * connected, and rejected with the reason where it cannot be. The client is connected by the caller, before or after.
 *
 * A target that is a host name must not lead to link-local addresses, to metadata services of clouds, or to this process's own
 * inspector; such an address must be written literally to be reached.
 *
 * @throws `STREAMS_INVALID_ARGUMENT` that names the field, such as `services.ssh: expected host:port`; `STREAMS_INVALID_STATE`
 * if the client's requests are taken by something else.
 */
export function createDeviceProxy(device: DeviceClient, options: DeviceProxyOptions): DeviceProxy {
  return new RunningDeviceProxy(device, options);
}

/** Options that were looked over. */
interface Settings {
  readonly services: ReadonlyMap<string, ProxiedService>;
  readonly hideServices: boolean;
  readonly logger: Required<Logger>;
  readonly clock: Clock;
  readonly lookup: Lookup;
}

class RunningDeviceProxy implements DeviceProxy {
  #settings: Settings;
  readonly #unregister: () => void;
  /** Connections from their request to their end, each with its service's name. */
  readonly #serving = new Map<Promise<void>, string>();
  readonly #joints = new Set<Joint>();
  /** For each target that is being connected. */
  readonly #attempts = new Set<AbortController>();
  readonly #tunnels = new Set<Tunnel>();
  #closed = false;

  constructor(device: DeviceClient, options: DeviceProxyOptions) {
    this.#settings = settingsOf(options);
    this.#unregister = device.onStreamRequest((request) => this.#onRequest(request), { tunnels: true });
  }

  get openStreams(): number {
    return this.#joints.size;
  }

  update(options: DeviceProxyOptions): void {
    this.#settings = settingsOf(options);
  }

  async close(): Promise<void> {
    this.#unregister();
    this.#closed = true;
    for (const attempt of this.#attempts) attempt.abort();
    for (const joint of this.#joints) joint.cut(CLOSED);
    await Promise.all(this.#serving.keys());
    await Promise.all([...this.#tunnels].map((tunnel) => tunnel.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #onRequest(request: StreamRequest): Promise<void> {
    if (request.isTunnel) await this.#takeTunnel(request);
    else this.#begin(streamAttempt(request));
  }

  async #takeTunnel(request: StreamRequest): Promise<void> {
    const refusal = this.#forbids(request);
    if (refusal) return this.#refuse(streamAttempt(request), refusal);
    const tunnel = await request.acceptTunnel();
    tunnel.onRawRequest = (channel) => this.#begin(channelAttempt(request, channel));
    this.#tunnels.add(tunnel);
    void tunnel.closed.then(() => this.#tunnels.delete(tunnel));
    if (this.#closed) tunnel.destroy();
  }

  #begin(attempt: Attempt): void {
    const { request } = attempt;
    const refusal = this.#forbids(request) ?? this.#isFull(request);
    const service = this.#settings.services.get(request.name);
    if (service === undefined || refusal !== undefined) return this.#refuse(attempt, refusal);
    const serving = this.#serve(service, attempt).finally(() => this.#serving.delete(serving));
    this.#serving.set(serving, service.name);
  }

  #forbids({ name, requester }: StreamRequest): Refusal | undefined {
    const { hideServices, services } = this.#settings;
    if (this.#closed) return { reason: CLOSED, code: 'REFUSED' };
    const known = hideServices ? '' : `; there are: ${[...services.keys()].join(', ') || 'none'}`;
    const service = services.get(name);
    if (service === undefined) return { reason: `no service ${name} here${known}`, code: 'REFUSED' };
    if (service.policies === undefined || service.policies.includes(requester.policy)) return undefined;
    if (hideServices) return { reason: `no service ${name} here`, code: 'REFUSED' };
    return { reason: `service ${name} is not for policy ${requester.policy}`, code: 'POLICY' };
  }

  #isFull({ name }: StreamRequest): Refusal | undefined {
    const { maxStreams } = this.#settings.services.get(name) ?? {};
    if (maxStreams === undefined) return undefined;
    const open = [...this.#serving.values()].filter((other) => other === name).length;
    return open >= maxStreams ? { reason: `service ${name} has its ${maxStreams} streams already`, code: 'LIMIT' } : undefined;
  }

  #refuse(attempt: Attempt, refusal: Refusal = { reason: '', code: 'REFUSED' }, err?: unknown): void {
    const { request } = attempt;
    const { reason } = refusal;
    this.#settings.logger.warn({ ...about(request), reason, err }, `a stream to ${request.name} was rejected: ${reason}`);
    attempt.reject(refusal);
  }

  /** From the connection to the target until all has ended; never rejects. */
  async #serve(service: ProxiedService, attempt: Attempt): Promise<void> {
    const settings = this.#settings;
    const target = await this.#connect(service, attempt, settings);
    if ('reason' in target) {
      if (attempt.abort.signal.aborted && !this.#closed) return;
      const reason = this.#closed ? CLOSED : target.reason;
      return this.#refuse(attempt, { reason, code: 'UNREACHABLE' }, target.cause);
    }
    let joint: Joint;
    try {
      joint = await attempt.accept(target, service);
    } catch (err) {
      resetSocket(target);
      settings.logger.warn({ ...about(attempt.request), err }, `the stream to ${service.name} was not established`);
      return;
    }
    await this.#carry(service, attempt.request, settings, joint);
  }

  async #connect(service: ProxiedService, { abort }: Attempt, settings: Settings): Promise<Socket | TargetFailure> {
    this.#attempts.add(abort);
    const target = await connectTarget(service, { ...settings, signal: abort.signal });
    this.#attempts.delete(abort);
    return target;
  }

  async #carry({ name, target, maxTimeMs }: ProxiedService, request: StreamRequest, settings: Settings, joint: Joint): Promise<void> {
    const { clock, logger } = settings;
    const startMs = clock.monotonicMs();
    logger.info({ ...about(request), target }, `a stream to ${name} has opened`);
    this.#joints.add(joint);
    const stopTimer = maxTimeMs && clock.after(maxTimeMs, () => joint.cut(`open for ${maxTimeMs} ms, which is its limit`));
    if (this.#closed) joint.cut(CLOSED);
    const end = await joint.ended;
    if (stopTimer) stopTimer();
    this.#joints.delete(joint);
    logger.info({ ...about(request), ...measures(joint, clock, startMs), ...end }, `a stream to ${name} has ended`);
  }
}

const CLOSED = 'the proxy of the device was closed';

/** Who and what, for the log. */
function about({ id, name, requester }: StreamRequest): object {
  return { streamId: id, name, policy: requester.policy };
}

function measures({ bytesRead, bytesWritten }: Joint, clock: Clock, startMs: number): object {
  return { durationMs: Math.round(clock.monotonicMs() - startMs), bytesRead, bytesWritten };
}

function settingsOf(options: DeviceProxyOptions): Settings {
  const { services, hideServices = false, logger, clock = systemClock, lookup = systemLookup } = options;
  return { services: readServices(services), hideServices, logger: clientLogger(logger), clock, lookup };
}

// The device's half of a TCP tunnel: a stream request is a connection to the service of that name, from the device's own list.
import {
  type Clock,
  clientLogger,
  type DeviceStream,
  type Logger,
  onAbort,
  resetSocket,
  Splice,
  systemClock,
} from '@streams/protocol/internal';
import type { Socket } from 'node:net';
import type { DeviceClient } from '../client.ts';
import type { StreamRequest } from '../request.ts';
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
  /** Requests on their way to a stream, and their streams, each with its service's name. */
  readonly #serving = new Map<Promise<void>, string>();
  readonly #splices = new Set<Splice>();
  /** One for each target that is being connected. */
  readonly #attempts = new Set<AbortController>();
  #closed = false;

  constructor(device: DeviceClient, options: DeviceProxyOptions) {
    this.#settings = settingsOf(options);
    this.#unregister = device.onStreamRequest((request) => this.#onRequest(request));
  }

  get openStreams(): number {
    return this.#splices.size;
  }

  update(options: DeviceProxyOptions): void {
    this.#settings = settingsOf(options);
  }

  async close(): Promise<void> {
    this.#unregister();
    this.#closed = true;
    for (const attempt of this.#attempts) attempt.abort();
    for (const splice of this.#splices) splice.cut(CLOSED);
    await Promise.all(this.#serving.keys());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onRequest(request: StreamRequest): void {
    const settings = this.#settings;
    const service = settings.services.get(request.name);
    const refusal = this.#refusal(service, request, settings);
    if (service === undefined || refusal !== undefined) return refuse(request, refusal, settings);
    const serving = this.#serve(service, request, settings).finally(() => this.#serving.delete(serving));
    this.#serving.set(serving, service.name);
  }

  /** Why a request is not even tried. */
  #refusal(service: ProxiedService | undefined, { name, requester }: StreamRequest, settings: Settings): string | undefined {
    const { hideServices, services } = settings;
    const known = hideServices ? '' : `; there are: ${[...services.keys()].join(', ') || 'none'}`;
    if (service === undefined) return `no service ${name} here${known}`;
    const { policies, maxStreams = Infinity } = service;
    if (policies && !policies.includes(requester.policy)) {
      return hideServices ? `no service ${name} here` : `service ${name} is not for policy ${requester.policy}`;
    }
    const open = [...this.#serving.values()].filter((other) => other === name).length;
    return open >= maxStreams ? `service ${name} has its ${maxStreams} streams already` : undefined;
  }

  /** From the connection to the target until the stream has ended; never rejects. */
  async #serve(service: ProxiedService, request: StreamRequest, settings: Settings): Promise<void> {
    const target = await this.#connect(service, request, settings);
    if ('reason' in target) {
      if (!request.signal.aborted) refuse(request, this.#closed ? CLOSED : target.reason, settings, target.cause);
      return;
    }
    let stream: DeviceStream;
    try {
      stream = await request.accept();
    } catch (err) {
      resetSocket(target);
      settings.logger.warn({ ...about(request), err }, `the stream to ${service.name} was not established`);
      return;
    }
    await this.#carry(service, request, settings, target, stream);
  }

  async #connect(service: ProxiedService, request: StreamRequest, settings: Settings): Promise<Socket | TargetFailure> {
    const attempt = new AbortController();
    const forget = onAbort(request.signal, () => attempt.abort());
    this.#attempts.add(attempt);
    const target = await connectTarget(service, { ...settings, signal: attempt.signal });
    this.#attempts.delete(attempt);
    forget();
    return target;
  }

  async #carry(service: ProxiedService, request: StreamRequest, settings: Settings, socket: Socket, stream: DeviceStream): Promise<void> {
    const { clock, logger } = settings;
    const { name, target, maxTimeMs, maxBytes } = service;
    const startMs = clock.monotonicMs();
    logger.info({ ...about(request), target }, `a stream to ${name} has opened`);
    const splice = new Splice(socket, stream, { maxBytes });
    this.#splices.add(splice);
    const stopTimer = maxTimeMs && clock.after(maxTimeMs, () => splice.cut(`open for ${maxTimeMs} ms, which is its limit`));
    if (this.#closed) splice.cut(CLOSED);
    const end = await splice.ended;
    if (stopTimer) stopTimer();
    this.#splices.delete(splice);
    logger.info({ ...about(request), ...measures(stream, clock, startMs), ...end }, `a stream to ${name} has ended`);
  }
}

const CLOSED = 'the proxy of the device was closed';

function refuse(request: StreamRequest, reason: string | undefined, { logger }: Settings, err?: unknown): void {
  logger.warn({ ...about(request), reason, err }, `a stream to ${request.name} was rejected: ${reason}`);
  request.reject(reason);
}

/** Who and what, for the log. */
function about({ id, name, requester }: StreamRequest): object {
  return { streamId: id, name, policy: requester.policy };
}

function measures({ bytesRead, bytesWritten }: DeviceStream, clock: Clock, startMs: number): object {
  return { durationMs: Math.round(clock.monotonicMs() - startMs), bytesRead, bytesWritten };
}

function settingsOf(options: DeviceProxyOptions): Settings {
  const { services, hideServices = false, logger, clock = systemClock, lookup = systemLookup } = options;
  return { services: readServices(services), hideServices, logger: clientLogger(logger), clock, lookup };
}

// The service's half of a TCP tunnel: local ports, each connection to one of which becomes a channel of a tunnel to the device, or a
// stream of its own where the device takes no tunnels.
import { createServer, type Server, type Socket } from 'node:net';
import {
  ChannelSplice,
  type Clock,
  clientLogger,
  createError,
  HANDSHAKE_TIMEOUT_MS,
  type Joint,
  type Logger,
  RESET_REASON,
  resetSocket,
  SPLICE_SOCKET,
  Splice,
  type SpliceEnd,
  StreamRejectedError,
  systemClock,
} from '@streams/protocol/internal';
import type { ServiceClient } from '../client.ts';
import type { OpenTunnel } from '../open-tunnel.ts';
import { type Forward, type ForwardAddress, readForwards } from './forwards.ts';
import { Tunnels } from './tunnels.ts';

/** What a service proxy listens on, and where to. */
export interface ServiceProxyOptions {
  readonly deviceId: string;
  /** At least one. */
  readonly forwards: readonly Forward[];
  /** For each connection, until the device has accepted it, in milliseconds. Default: 30,000; at most 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Hears why a connection failed, in one line each, and of every connection's end. Default: silent. */
  readonly logger?: Logger | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined;
}

/** A service proxy that listens. */
export interface ServiceProxy {
  /** As asked for, in that order, with the ports that are listened on. */
  readonly forwards: readonly ForwardAddress[];
  /** Listens no more, cuts the connections, and resolves once all sockets are gone. Idempotent. The client stays open. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Listens on local ports; every TCP connection to one of them goes to the device, under the forward's name. Resolves once all of them
 * are listened on. All connections of a name share one tunnel, and survive the loss of its connection; with a device that takes no
 * tunnels each has a stream of its own. One that the device rejects is reset, and the listener lives on: through restarts of the hub too.
 *
 * @throws `STREAMS_INVALID_ARGUMENT` that names the field; so does a port that cannot be listened on, with the cause.
 */
export async function createServiceProxy(service: ServiceClient, options: ServiceProxyOptions): Promise<ServiceProxy> {
  const forwards = readForwards(options);
  const proxy = new RunningServiceProxy(service, options);
  try {
    for (const [index, forward] of forwards.entries()) await proxy.listen(forward, `forwards[${index}].port`);
  } catch (error) {
    await proxy.close();
    throw error;
  }
  return proxy;
}

class RunningServiceProxy implements ServiceProxy {
  readonly forwards: ForwardAddress[] = [];
  readonly #service: ServiceClient;
  readonly #deviceId: string;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #tunnels: Tunnels;
  readonly #logger: Required<Logger>;
  readonly #servers: Server[] = [];
  readonly #serving = new Set<Promise<void>>();
  readonly #joints = new Set<Joint>();
  /** One for each connection that waits for its tunnel or stream. */
  readonly #openings = new Set<AbortController>();
  #closed = false;

  constructor(service: ServiceClient, { deviceId, timeoutMs = HANDSHAKE_TIMEOUT_MS, logger, clock = systemClock }: ServiceProxyOptions) {
    this.#service = service;
    this.#deviceId = deviceId;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#logger = clientLogger(logger);
    const open = (name: string, signal: AbortSignal): Promise<OpenTunnel> =>
      service.openTunnelWithRedial(deviceId, { name, timeoutMs, signal });
    this.#tunnels = new Tunnels({ clock, timeoutMs, open });
  }

  /** Resolves once it listens. */
  async listen({ host, port, name }: ForwardAddress, field: string): Promise<void> {
    const server = createServer(SPLICE_SOCKET, (socket) => this.#onConnection(socket, name));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const message = `${field}: cannot listen on port ${port} of ${host}: ${cause.code ?? cause.message}`;
        reject(createError('INVALID_ARGUMENT', { message, cause, details: { field } }));
      });
      server.listen({ host, port }, resolve);
    });
    server.removeAllListeners('error').on('error', (err) => this.#logger.error({ err, name }, 'a listener of the proxy failed'));
    this.#servers.push(server);
    const address = server.address();
    const actual = { host, port: typeof address === 'object' && address ? address.port : port, name };
    this.forwards.push(actual);
    this.#logger.info(
      { ...actual, deviceId: this.#deviceId },
      `listens on port ${actual.port} of ${host} for ${name} of ${this.#deviceId}`,
    );
  }

  async close(): Promise<void> {
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    this.#closed = true;
    for (const opening of this.#openings) opening.abort(createError('CLOSED'));
    for (const joint of this.#joints) joint.cut(CLOSED);
    await Promise.all([...closed, ...this.#serving]);
    await this.#tunnels.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onConnection(socket: Socket, name: string): void {
    const serving = this.#serve(socket, name).finally(() => this.#serving.delete(serving));
    this.#serving.add(serving);
  }

  /** Until the connection has ended; never rejects. */
  async #serve(socket: Socket, name: string): Promise<void> {
    try {
      const opened = this.#tunnels.ready(name) ?? (await this.#open(socket, (signal) => this.#tunnels.get(name, signal)));
      if (opened) await this.#carryOnChannel(socket, opened);
      else await this.#carryOnStream(socket, name);
    } catch (err) {
      // Whoever closes or resets the connection meanwhile does not need to be told.
      if (!socket.destroyed) this.#refused(name, textOf(err), err);
      resetSocket(socket);
    }
  }

  async #carryOnChannel(socket: Socket, { tunnel, redial }: OpenTunnel): Promise<void> {
    const { id, name, session } = tunnel;
    let isAccepted = false;
    const late = (): void => joint.cut(`the device did not answer within ${this.#timeoutMs} ms`);
    const cancel = this.#clock.after(this.#timeoutMs, late);
    // The tunnel was lost already when the connection came, unknown to us: it is told at once why there is no way, as if it came now.
    const stopListening = tunnel.on('suspended', () => {
      redial.attempt().catch((error: unknown) => {
        if (!isAccepted && session.state === 'suspended') joint.cut(textOf(error));
      });
    });
    const answered = (): void => {
      cancel();
      stopListening();
    };
    const onAccepted = (): void => {
      isAccepted = true;
      answered();
    };
    const joint = new ChannelSplice(socket, (handler) => session.open(NOTHING, handler), { onAccepted });
    const end = await this.#carry(joint);
    answered();
    this.#tunnels.leave(name, tunnel);
    if (isAccepted) this.#ended({ streamId: id, name, ...end }, joint);
    else if (end.reason !== RESET_REASON) this.#refused(name, end.reason);
  }

  async #carryOnStream(socket: Socket, name: string): Promise<void> {
    const options = { name, timeoutMs: this.#timeoutMs };
    const stream = await this.#open(socket, (signal) => this.#service.createStream(this.#deviceId, { ...options, signal }));
    const joint = new Splice(socket, stream);
    this.#ended({ streamId: stream.id, name, ...(await this.#carry(joint)) }, joint);
  }

  async #carry(joint: Joint): Promise<SpliceEnd> {
    this.#joints.add(joint);
    if (this.#closed) joint.cut(CLOSED);
    const end = await joint.ended;
    this.#joints.delete(joint);
    return end;
  }

  #ended(about: SpliceEnd & { readonly streamId: string; readonly name: string }, { bytesRead, bytesWritten }: Joint): void {
    const { clean, reason, name } = about;
    const line = `a connection to ${name} of ${this.#deviceId} ${clean ? 'has ended' : `was cut: ${reason}`}`;
    this.#logger[clean ? 'info' : 'warn']({ deviceId: this.#deviceId, ...about, bytesRead, bytesWritten }, line);
  }

  #refused(name: string, reason: string, err?: unknown): void {
    this.#logger.warn({ deviceId: this.#deviceId, name, err }, `no connection to ${name} of ${this.#deviceId}: ${reason}`);
  }

  /** Gives up when the connection is gone. */
  async #open<T>(socket: Socket, open: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const opening = new AbortController();
    const leave = (): void => opening.abort(createError('ABORTED'));
    // The listener of errors stays, so that none ends the process before the joint is there.
    socket.on('error', leave).once('close', leave);
    this.#openings.add(opening);
    try {
      return await open(opening.signal);
    } finally {
      this.#openings.delete(opening);
      socket.off('close', leave);
    }
  }
}

const CLOSED = 'the proxy of the service was closed';
const NOTHING = new Uint8Array(0);

function textOf(error: unknown): string {
  if (StreamRejectedError.is(error) && error.reason !== '') return error.reason;
  return error instanceof Error ? error.message : String(error);
}

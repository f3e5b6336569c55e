// The service's half of a TCP tunnel: local ports, each connection to one of which becomes a stream to the device.
import { createServer, type Server, type Socket } from 'node:net';
import {
  clientLogger,
  createError,
  type DeviceStream,
  type Logger,
  resetSocket,
  SPLICE_SOCKET,
  Splice,
  StreamRejectedError,
} from '@streams/protocol/internal';
import type { ServiceClient } from '../client.ts';
import { type Forward, type ForwardAddress, readForwards } from './forwards.ts';

/** What a service proxy listens on, and where to. */
export interface ServiceProxyOptions {
  readonly deviceId: string;
  /** At least one. */
  readonly forwards: readonly Forward[];
  /** For each stream's handshake, in milliseconds. Default: 30,000; at most 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Hears why a connection failed, in one line each, and of every stream's end. Default: silent. */
  readonly logger?: Logger | undefined;
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
 * Listens on local ports; every TCP connection to one of them becomes a stream to the device, of the forward's name. Resolves once
 * all of them are listened on. A connection whose stream fails is reset, and the listener lives on: through restarts of the hub too.
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
  readonly #timeoutMs: number | undefined;
  readonly #logger: Required<Logger>;
  readonly #servers: Server[] = [];
  readonly #serving = new Set<Promise<void>>();
  readonly #splices = new Set<Splice>();
  /** One for each stream that is being opened. */
  readonly #openings = new Set<AbortController>();
  #closed = false;

  constructor(service: ServiceClient, { deviceId, timeoutMs, logger }: ServiceProxyOptions) {
    this.#service = service;
    this.#deviceId = deviceId;
    this.#timeoutMs = timeoutMs;
    this.#logger = clientLogger(logger);
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
    for (const splice of this.#splices) splice.cut('the proxy of the service was closed');
    await Promise.all([...closed, ...this.#serving]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #onConnection(socket: Socket, name: string): void {
    const serving = this.#serve(socket, name).finally(() => this.#serving.delete(serving));
    this.#serving.add(serving);
  }

  /** Until the connection and its stream have ended; never rejects. */
  async #serve(socket: Socket, name: string): Promise<void> {
    const about = { deviceId: this.#deviceId, name };
    let stream: DeviceStream;
    try {
      stream = await this.#open(socket, name);
    } catch (err) {
      // Whoever closes or resets the connection meanwhile does not need to be told.
      if (!socket.destroyed) this.#logger.warn({ ...about, err }, `no connection to ${name} of ${this.#deviceId}: ${textOf(err)}`);
      resetSocket(socket);
      return;
    }
    const splice = new Splice(socket, stream);
    this.#splices.add(splice);
    if (this.#closed) splice.cut('the proxy of the service was closed');
    const end = await splice.ended;
    this.#splices.delete(splice);
    const { id: streamId, bytesRead, bytesWritten } = stream;
    const line = end.clean ? 'has ended' : `was cut: ${end.reason}`;
    const fields = { ...about, streamId, bytesRead, bytesWritten, ...end };
    this.#logger[end.clean ? 'info' : 'warn'](fields, `a connection to ${name} of ${this.#deviceId} ${line}`);
  }

  /** Gives up when the connection is gone. */
  async #open(socket: Socket, name: string): Promise<DeviceStream> {
    const opening = new AbortController();
    const leave = (): void => opening.abort();
    // The listener of errors stays, so that none ends the process before the splice is there.
    socket.on('error', leave).once('close', leave);
    this.#openings.add(opening);
    try {
      return await this.#service.createStream(this.#deviceId, { name, timeoutMs: this.#timeoutMs, signal: opening.signal });
    } finally {
      this.#openings.delete(opening);
      socket.off('close', leave);
    }
  }
}

function textOf(error: unknown): string {
  if (StreamRejectedError.is(error) && error.reason !== '') return error.reason;
  return error instanceof Error ? error.message : String(error);
}

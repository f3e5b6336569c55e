// REST calls to the hub: kept-alive connections, signed requests, typed errors.
import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import {
  abortedError,
  type Access,
  type Clock,
  CONNECT_TIMEOUT_MS,
  connectError,
  connectHub,
  type ConnectOptions,
  createError,
  type Fields,
  HANDSHAKE_GUARD_MS,
  type HandshakePhase,
  httpError,
  type Line,
  LineSplitter,
  MAX_BODY_BYTES,
  MAX_LINE_BYTES,
  NDJSON_TYPE,
  onAbort,
  parseObject,
  StreamsError,
  throwIfAborted,
  unlessAborted,
  within,
} from '@streams/protocol/internal';
import { type buildConnector, type Dispatcher, Pool } from 'undici';
import type { Credential } from './credential.ts';

/** One call. */
export interface RestCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: object | undefined;
  /** Such as `if-match`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What the hub may take by itself; a guard for the way there and back is added. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The largest answer that is taken. Default: that of the hub's ordinary bodies. */
  readonly maxBytes?: number | undefined;
}

/** A call whose body and answer are as long as they are. It is made once: a body cannot be sent again. */
export interface LongCall extends Pick<RestCall, 'path' | 'signal'> {
  readonly method: 'GET' | 'POST';
  readonly body?: AsyncIterable<Uint8Array> | undefined;
}

/** A hub that works on something says how far it is more often. */
const SILENCE_MS = 60_000;
const PHASE: HandshakePhase = 'answer';
/** Less than the hub's 65 s, so that no request meets a connection that the hub is just closing. */
const KEEP_ALIVE_MS = 60_000;
/** Nothing is said on an idle connection; the kernel asks after this time whether the hub is still there. */
const TCP_KEEP_ALIVE_MS = 30_000;

/** The hub's REST interface for one identity. */
export class Rest {
  readonly #pool: Pool;
  readonly #credential: Credential;
  readonly #clock: Clock;
  readonly #proxy: string | undefined;
  /** Ends connections that are being made: undici lets them come about. */
  readonly #ended: AbortController = new AbortController();

  constructor(origin: string, access: Access, credential: Credential, clock: Clock) {
    const url = new URL(origin);
    this.#credential = credential;
    this.#clock = clock;
    this.#proxy = access.proxyFor(url)?.address;
    // As many as there are connections being made.
    setMaxListeners(0, this.#ended.signal);
    this.#pool = new Pool(origin, {
      connect: connector({ ...access, url, clock, timeoutMs: CONNECT_TIMEOUT_MS, signal: this.#ended.signal }),
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // Each call has its own limit, on the client's clock.
      bodyTimeout: 0,
      headersTimeout: 0,
    });
  }

  /**
   * Resolves with what `read` makes of the JSON answer.
   * @throws what the hub answered, `STREAMS_CONNECT_FAILED`, `STREAMS_TLS_FAILED`, `STREAMS_ABORTED`.
   */
  async call<T>(call: RestCall, read: (answer: Fields) => T): Promise<T> {
    return this.#corrected(() => this.#attempt(call, async (response) => readAs(read, await bodyText(response, call.maxBytes))));
  }

  /**
   * Resolves with the body of an answer that goes on until somebody ends it; `call.signal` ends it from here.
   * @throws as {@link call}; the body does so where the connection is lost.
   */
  async open(call: RestCall & { readonly signal: AbortSignal }): Promise<AsyncIterable<Buffer>> {
    return this.#corrected(() => this.#attempt(call, async (body) => body));
  }

  /** A refusal that another signature or token may mend is followed by one more attempt. */
  async #corrected<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      const refused = StreamsError.is(error) && error.code === 'STREAMS_UNAUTHENTICATED';
      if (refused && this.#credential.renew(error)) return attempt();
      throw error;
    }
  }

  /**
   * Yields the lines of a long answer (NDJSON) as they come, while `body` goes up, where there is one.
   * @throws as {@link call}; `STREAMS_CONNECT_FAILED` too if the answer stops, or has no end.
   */
  async *lines({ method, path, body, signal }: LongCall): AsyncGenerator<Fields, void> {
    throwIfAborted(signal);
    const ended = new AbortController();
    const forget = onAbort(signal, () => ended.abort());
    try {
      const headers = { authorization: await this.#authorization(ended.signal), 'content-type': NDJSON_TYPE };
      const response = await this.#pool.request({ method, path, headers, signal: ended.signal, body: body ? Readable.from(body) : null });
      if (!isSuccess(response)) throw failureOf(response, await bodyText(response.body), 0);
      const splitter = new LineSplitter(MAX_LINE_BYTES);
      const silent = (): Error => createError('CONNECT_FAILED', { message: `the hub said nothing for ${SILENCE_MS} ms` });
      for await (const chunk of within<Buffer>(response.body, this.#clock, SILENCE_MS, silent)) yield* objectsOf(splitter.push(chunk));
      yield* objectsOf(splitter.end());
    } catch (error) {
      if (StreamsError.is(error)) throw error;
      throw signal?.aborted ? abortedError(signal) : connectError(error);
    } finally {
      forget();
      // Who leaves early does not want the rest.
      ended.abort();
    }
  }

  /** Lets calls finish, and closes the connections. */
  async close(): Promise<void> {
    await settled(this.#pool.close());
    this.#ended.abort(createError('CLOSED'));
  }

  /** Cuts the connections. */
  async destroy(): Promise<void> {
    this.#ended.abort(createError('CLOSED'));
    await settled(this.#pool.destroy());
  }

  async #attempt<T>(call: RestCall, take: (body: AsyncIterable<Buffer>) => Promise<T>): Promise<T> {
    throwIfAborted(call.signal);
    const limit = new AbortController();
    const limitMs = call.timeoutMs + HANDSHAKE_GUARD_MS;
    const cancel = this.#clock.after(limitMs, () => limit.abort(this.#timedOut(limitMs)));
    try {
      return await take(await this.#exchange(call, call.signal ? AbortSignal.any([call.signal, limit.signal]) : limit.signal));
    } catch (error) {
      if (StreamsError.is(error)) throw error;
      if (call.signal?.aborted) throw abortedError(call.signal);
      throw connectError(error);
    } finally {
      cancel();
    }
  }

  #authorization(signal: AbortSignal): Promise<string> {
    return unlessAborted(Promise.resolve(this.#credential.authorization()), signal);
  }

  #timedOut(limitMs: number): StreamsError {
    const through = this.#proxy === undefined ? '' : `, through the proxy ${this.#proxy}`;
    const details = this.#proxy === undefined ? {} : { proxy: this.#proxy };
    return createError('CONNECT_FAILED', { message: `the hub did not answer within ${limitMs} ms${through}`, details });
  }

  async #exchange(call: RestCall, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const { method, path, body } = call;
    const authorization = await this.#authorization(signal);
    const headers = { authorization, 'content-type': 'application/json', ...call.headers };
    const response = await this.#pool.request({ method, path, headers, signal, body: body === undefined ? null : JSON.stringify(body) });
    if (isSuccess(response)) return response.body;
    const text = await bodyText(response.body);
    throw failureOf(response, text, call.timeoutMs);
  }
}

/** What is no answer of a hub must not pass for one. */
function readAs<T>(read: (answer: Fields) => T, text: string): T {
  try {
    return read(text === '' ? {} : parseObject(text, 'answer'));
  } catch (cause) {
    throw createError('CONNECT_FAILED', { message: `the answer is not a hub's: ${(cause as Error).message}`, cause });
  }
}

function* objectsOf(lines: readonly Line[]): Generator<Fields, void> {
  for (const { text = '' } of lines) yield readAs((fields) => fields, text);
}

function isSuccess({ statusCode }: Dispatcher.ResponseData): boolean {
  return statusCode >= 200 && statusCode < 300;
}

function failureOf({ statusCode, headers }: Dispatcher.ResponseData, body: string, timeoutMs: number): StreamsError {
  const failure = { status: statusCode, date: first(headers['date']), retryAfter: first(headers['retry-after']), body };
  return httpError(failure, PHASE, timeoutMs);
}

/** How the pool makes a connection: as legs and control links are made. */
function connector(options: ConnectOptions): buildConnector.connector {
  return (_target, done) => {
    connectHub(options).then(
      (socket) => done(null, socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS)),
      (error: unknown) => done(error as Error, null),
    );
  };
}

/** A pool that is closed twice rejects; closed is closed. */
async function settled(closing: Promise<void>): Promise<void> {
  await closing.catch(() => undefined);
}

async function bodyText(body: AsyncIterable<Buffer>, maxBytes: number = MAX_BODY_BYTES): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw createError('TOO_LARGE', { message: `an answer holds at most ${maxBytes} bytes` });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

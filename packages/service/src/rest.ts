// REST calls to the hub: kept-alive connections, signed requests, typed errors.
import { setMaxListeners } from 'node:events';
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
  hubTimeOf,
  MAX_BODY_BYTES,
  parseObject,
  type Signer,
  StreamsError,
  throwIfAborted,
} from '@streams/protocol/internal';
import { type buildConnector, Pool } from 'undici';

/** One call. */
export interface RestCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: object | undefined;
  /** Refuse to create what is not there (`If-Match: *`). */
  readonly mustExist?: boolean | undefined;
  /** What the hub may take by itself; a guard for the way there and back is added. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The largest answer that is taken. Default: that of the hub's ordinary bodies. */
  readonly maxBytes?: number | undefined;
}

const PHASE: HandshakePhase = 'answer';
/** Less than the hub's 65 s, so that no request meets a connection that the hub is just closing. */
const KEEP_ALIVE_MS = 60_000;
/** Nothing is said on an idle connection; the kernel asks after this time whether the hub is still there. */
const TCP_KEEP_ALIVE_MS = 30_000;

/** The hub's REST interface for one identity. */
export class Rest {
  readonly #pool: Pool;
  readonly #signer: Signer;
  readonly #clock: Clock;
  readonly #proxy: string | undefined;
  /** Ends connections that are being made: undici lets them come about. */
  readonly #ended: AbortController = new AbortController();

  constructor(origin: string, access: Access, signer: Signer, clock: Clock) {
    const url = new URL(origin);
    this.#signer = signer;
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

  /** A refusal that came from a wrong clock is signed anew, once, by the hub's. */
  async #corrected<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      const refused = StreamsError.is(error) && error.code === 'STREAMS_UNAUTHENTICATED';
      if (refused && this.#signer.adjustTo(hubTimeOf(error))) return attempt();
      throw error;
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
    const cancel = this.#clock.after(limitMs, () => limit.abort());
    try {
      return await take(await this.#exchange(call, call.signal ? AbortSignal.any([call.signal, limit.signal]) : limit.signal));
    } catch (error) {
      if (StreamsError.is(error)) throw error;
      if (call.signal?.aborted) throw abortedError(call.signal);
      if (limit.signal.aborted) throw this.#timedOut(limitMs);
      throw connectError(error);
    } finally {
      cancel();
    }
  }

  #timedOut(limitMs: number): StreamsError {
    const through = this.#proxy === undefined ? '' : `, through the proxy ${this.#proxy}`;
    const details = this.#proxy === undefined ? {} : { proxy: this.#proxy };
    return createError('CONNECT_FAILED', { message: `the hub did not answer within ${limitMs} ms${through}`, details });
  }

  async #exchange(call: RestCall, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const { method, path, body } = call;
    const condition = call.mustExist ? { 'if-match': '*' } : {};
    const headers = { authorization: this.#signer.authorization(), 'content-type': 'application/json', ...condition };
    const response = await this.#pool.request({ method, path, headers, signal, body: body === undefined ? null : JSON.stringify(body) });
    if (response.statusCode >= 200 && response.statusCode < 300) return response.body;
    const text = await bodyText(response.body);
    const { date, 'retry-after': retryAfter } = response.headers;
    const failure = { status: response.statusCode, date: first(date), retryAfter: first(retryAfter), body: text };
    throw httpError(failure, PHASE, call.timeoutMs);
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

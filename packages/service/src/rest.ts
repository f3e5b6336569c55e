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
  MAX_BODY_BYTES,
  parseObject,
  StreamsError,
  throwIfAborted,
  unlessAborted,
} from '@streams/protocol/internal';
import { type buildConnector, Pool } from 'undici';
import type { Credential } from './credential.ts';

/** One call. */
export interface RestCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: object | undefined;
  /** Refuse to create what is not there (`If-Match: *`). */
  readonly mustExist?: boolean | undefined;
  /** Refuse to change what has another tag by now (`If-Match`). */
  readonly etag?: string | undefined;
  /** What the hub may take by itself; a guard for the way there and back is added. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

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
   * Resolves with what `read` makes of the JSON answer. A refusal that another signature or
   * token may mend is followed by one more attempt.
   * @throws what the hub answered, `STREAMS_CONNECT_FAILED`, `STREAMS_TLS_FAILED`, `STREAMS_ABORTED`.
   */
  async call<T>(call: RestCall, read: (answer: Fields) => T): Promise<T> {
    try {
      return await this.#attempt(call, read);
    } catch (error) {
      const refused = StreamsError.is(error) && error.code === 'STREAMS_UNAUTHENTICATED';
      if (refused && this.#credential.renew(error)) return this.#attempt(call, read);
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

  async #attempt<T>(call: RestCall, read: (answer: Fields) => T): Promise<T> {
    throwIfAborted(call.signal);
    const limit = new AbortController();
    const limitMs = call.timeoutMs + HANDSHAKE_GUARD_MS;
    const cancel = this.#clock.after(limitMs, () => limit.abort(this.#timedOut(limitMs)));
    try {
      return readAs(read, await this.#exchange(call, call.signal ? AbortSignal.any([call.signal, limit.signal]) : limit.signal));
    } catch (error) {
      if (StreamsError.is(error)) throw error;
      if (call.signal?.aborted) throw abortedError(call.signal);
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

  async #exchange(call: RestCall, signal: AbortSignal): Promise<string> {
    const { method, path, body } = call;
    const authorization = await unlessAborted(Promise.resolve(this.#credential.authorization()), signal);
    const headers = { authorization, 'content-type': 'application/json', ...condition(call) };
    const response = await this.#pool.request({ method, path, headers, signal, body: body === undefined ? null : JSON.stringify(body) });
    const text = await bodyText(response.body);
    if (response.statusCode >= 200 && response.statusCode < 300) return text;
    const { date, 'retry-after': retryAfter } = response.headers;
    const failure = { status: response.statusCode, date: first(date), retryAfter: first(retryAfter), body: text };
    throw httpError(failure, PHASE, call.timeoutMs);
  }
}

function condition({ mustExist, etag }: RestCall): Record<string, string> {
  if (etag !== undefined) return { 'if-match': `"${etag}"` };
  return mustExist ? { 'if-match': '*' } : {};
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

async function bodyText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw createError('TOO_LARGE', { message: `an answer holds at most ${MAX_BODY_BYTES} bytes` });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

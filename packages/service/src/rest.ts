// REST calls to the hub: kept-alive connections, signed requests, typed errors.
import type { SecureContext } from 'node:tls';
import {
  abortedError,
  type Clock,
  connectError,
  createError,
  type Fields,
  type HandshakePhase,
  httpError,
  hubTimeOf,
  MAX_BODY_BYTES,
  parseObject,
  type Signer,
  StreamsError,
  throwIfAborted,
} from '@streams/protocol/internal';
import { Pool } from 'undici';

/** One call. */
export interface RestCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: object | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const PHASE: HandshakePhase = 'answer';
/** Less than the hub's 65 s, so that no request meets a connection that the hub is just closing. */
const KEEP_ALIVE_MS = 60_000;

/** The hub's REST interface for one identity. */
export class Rest {
  readonly #pool: Pool;
  readonly #signer: Signer;
  readonly #clock: Clock;

  constructor(origin: string, trust: SecureContext, signer: Signer, clock: Clock) {
    this.#signer = signer;
    this.#clock = clock;
    this.#pool = new Pool(origin, {
      connect: { secureContext: trust, rejectUnauthorized: true },
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // Each call has its own limit, on the client's clock.
      bodyTimeout: 0,
      headersTimeout: 0,
    });
  }

  /**
   * Resolves with the JSON answer. A refusal that came from a wrong clock is signed anew, once, by the hub's.
   * @throws what the hub answered, `STREAMS_CONNECT_FAILED`, `STREAMS_TLS_FAILED`, `STREAMS_ABORTED`.
   */
  async call(call: RestCall): Promise<Fields> {
    try {
      return await this.#attempt(call);
    } catch (error) {
      const refused = StreamsError.is(error) && error.code === 'STREAMS_UNAUTHENTICATED';
      if (refused && this.#signer.adjustTo(hubTimeOf(error))) return this.#attempt(call);
      throw error;
    }
  }

  /** Lets calls finish, and closes the connections. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Cuts the connections. */
  destroy(): Promise<void> {
    return this.#pool.destroy();
  }

  async #attempt(call: RestCall): Promise<Fields> {
    throwIfAborted(call.signal);
    const limit = new AbortController();
    const cancel = this.#clock.after(call.timeoutMs, () => limit.abort());
    try {
      return await this.#exchange(call, call.signal ? AbortSignal.any([call.signal, limit.signal]) : limit.signal);
    } catch (error) {
      if (StreamsError.is(error)) throw error;
      if (call.signal?.aborted) throw abortedError(call.signal);
      if (limit.signal.aborted) throw createError('CONNECT_FAILED', { message: `the hub did not answer within ${call.timeoutMs} ms` });
      throw connectError(error);
    } finally {
      cancel();
    }
  }

  async #exchange(call: RestCall, signal: AbortSignal): Promise<Fields> {
    const { method, path, body } = call;
    const headers = { authorization: this.#signer.authorization(), 'content-type': 'application/json' };
    const response = await this.#pool.request({ method, path, headers, signal, body: body === undefined ? null : JSON.stringify(body) });
    const text = await bodyText(response.body);
    if (response.statusCode >= 200 && response.statusCode < 300) return text === '' ? {} : parseObject(text, 'answer');
    const { date, 'retry-after': retryAfter } = response.headers;
    const failure = { status: response.statusCode, date: first(date), retryAfter: first(retryAfter), body: text };
    throw httpError(failure, PHASE, call.timeoutMs);
  }
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

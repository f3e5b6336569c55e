// Asks the hub: signs each request, keeps to the hub's time, and turns whatever happens into an answer or a RequestError.
import type { Credential } from './credential.ts';
import { errorOf, RequestError } from './request-error.ts';

const TIMEOUT_MS = 20_000;
/** As the SDKs have it: less is a slow answer, more is no clock. */
const LEAST_OFFSET_MS = 30_000;
const MOST_OFFSET_MS = 24 * 3_600_000;

/** What a request may have besides its path. */
export interface AskOptions {
  readonly method?: 'GET' | 'PUT';
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** See the top of this file. */
export class Client {
  readonly #credential: Credential;
  #offsetMs = 0;

  constructor(credential: Credential) {
    this.#credential = credential;
  }

  /** Who has signed in. */
  get who(): string {
    return this.#credential.who;
  }

  /** The hub's time. */
  get nowMs(): number {
    return Date.now() + this.#offsetMs;
  }

  /** @throws RequestError, and what `signal` was aborted with. */
  async ask<T>(path: string, options: AskOptions = {}): Promise<T> {
    let response = await this.#send(path, options);
    if (response.status === 401 && this.#learnTime(response)) response = await this.#send(path, options);
    if (!response.ok) throw await errorOf(response);
    this.#learnTime(response);
    return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  }

  async #send(path: string, { method = 'GET', query = {}, body, headers = {}, signal }: AskOptions): Promise<Response> {
    const asked = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '');
    const search = new URLSearchParams(asked).toString();
    const authorization = await this.#credential.authorization(this.nowMs);
    const limit = AbortSignal.timeout(TIMEOUT_MS);
    try {
      return await fetch(search === '' ? path : `${path}?${search}`, {
        method,
        headers: { ...headers, ...(body ? { 'Content-Type': 'application/json' } : {}), Authorization: authorization },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
        credentials: 'omit',
        redirect: 'error',
        cache: 'no-store',
      });
    } catch {
      signal?.throwIfAborted();
      throw new RequestError('unreachable', limit.aborted ? 'The hub does not answer.' : 'The hub cannot be reached.');
    }
  }

  /** Takes over the hub's time. @returns true if it was another by so much that a new signature may be accepted. */
  #learnTime(response: Response): boolean {
    const offsetMs = Date.parse(response.headers.get('Date') ?? '') - Date.now();
    if (!(Math.abs(offsetMs) <= MOST_OFFSET_MS) || Math.abs(offsetMs - this.#offsetMs) < LEAST_OFFSET_MS) return false;
    this.#offsetMs = offsetMs;
    return true;
  }
}

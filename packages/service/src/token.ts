// A service's JSON Web Tokens: asked for when one is needed, kept while it is good.
import {
  type Clock,
  createError,
  describeValue,
  MAX_TOKEN_CHARACTERS,
  parseObject,
  redact,
  type StreamsError,
} from '@streams/protocol/internal';
import type { Credential } from './credential.ts';

/**
 * A token, or what gives one. A function is called for the first request, half a minute before the token's `exp`, and once more
 * after the hub has refused it; until then its token is kept.
 */
export type TokenSource = string | (() => string | Promise<string>);

/** RFC 6750, section 2.1. */
const BEARER_TOKEN = /^[\w.~+/-]+=*$/;
const RENEW_BEFORE_MS = 30_000;

/** See the top of this file. */
export class TokenCredential implements Credential {
  readonly #source: TokenSource;
  readonly #clock: Clock;
  #held: { readonly token: string; readonly renewAtMs: number } | undefined;
  /** The call of the function that runs. */
  #asking: Promise<string> | undefined;

  /** @throws `STREAMS_INVALID_ARGUMENT` for a text that is no token. */
  constructor(source: TokenSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    if (typeof source !== 'function') asToken(source);
  }

  async authorization(): Promise<string> {
    return `Bearer ${await this.#token()}`;
  }

  /** A text cannot become another one. */
  renew(): boolean {
    this.#held = undefined;
    return typeof this.#source === 'function';
  }

  #token(): string | Promise<string> {
    if (typeof this.#source === 'string') return this.#source;
    if (this.#held && this.#clock.wallMs() < this.#held.renewAtMs) return this.#held.token;
    this.#asking ??= this.#ask(this.#source).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(source: () => string | Promise<string>): Promise<string> {
    const token = asToken(await Promise.resolve().then(source).catch(failed));
    this.#held = { token, renewAtMs: expiryOf(token) - RENEW_BEFORE_MS };
    return token;
  }
}

/** Whoever issues tokens may be back in a moment. */
function failed(cause: unknown): never {
  const text = redact(cause instanceof Error ? cause.message : String(cause));
  throw createError('CONNECT_FAILED', {
    message: `ServiceClient: token: the function failed: ${text}`,
    details: { field: 'token' },
    cause,
  });
}

/** @throws `STREAMS_INVALID_ARGUMENT`, which does not show it. */
function asToken(value: unknown): string {
  if (typeof value === 'string' && value.length <= MAX_TOKEN_CHARACTERS && BEARER_TOKEN.test(value)) return value;
  throw invalidToken(value);
}

function invalidToken(value: unknown): StreamsError {
  const message = `ServiceClient: token: expected a token of at most ${MAX_TOKEN_CHARACTERS} characters, or a function that gives one, found ${describeValue(value)}`;
  return createError('INVALID_ARGUMENT', { message, details: { field: 'token' } });
}

/** `exp` in milliseconds; without one the token is good until it is refused. The hub verifies, nobody here. */
function expiryOf(token: string): number {
  try {
    const { exp } = parseObject(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(), 'token');
    return typeof exp === 'number' ? exp * 1_000 : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

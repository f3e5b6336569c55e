// The public keys of the issuer of JSON Web Tokens, from a URL or a file. Those that are known stay until others have come: whether the
// issuer answers, and how fast, is no concern of whoever has a token of a known key.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type Cancel, type Clock, createError, type Logger, type StreamsError } from '@streams/protocol/internal';
import type { JSONWebKeySet, JWTVerifyGetKey, LocalJWKSet } from 'jose';
import type { JwtOptions } from '../config/jwt.ts';
import { fetchText } from '../http/fetch-text.ts';

/** Where the keys come from. */
export interface KeySource {
  /** For the log: the URL, or the file. */
  readonly name: string;
  readonly load: (signal: AbortSignal) => Promise<string>;
  /** How often they are loaded anew, in milliseconds. */
  readonly everyMs: number;
  /** For a token of an unknown key they are loaded at once, but not more often than this. */
  readonly atMostEveryMs: number;
}

const URL_EVERY_MS = 600_000;
const URL_AT_MOST_EVERY_MS = 30_000;
const FILE_EVERY_MS = 10_000;
const FILE_AT_MOST_EVERY_MS = 1_000;
/** A load that takes longer is given up. */
const LOAD_TIMEOUT_MS = 5_000;

/** @throws `STREAMS_INVALID_ARGUMENT` that names the file and what is wrong with it. */
export function openTokenKeys({ jwksUrl, jwksFile }: JwtOptions, clock: Clock, logger: Logger): TokenKeys {
  if (jwksFile !== undefined) {
    const load = (signal: AbortSignal): Promise<string> => readFile(jwksFile, { encoding: 'utf8', signal });
    const source = { name: jwksFile, load, everyMs: FILE_EVERY_MS, atMostEveryMs: FILE_AT_MOST_EVERY_MS };
    return new TokenKeys(source, clock, logger, readNow(jwksFile));
  }
  const url = new URL(jwksUrl ?? '');
  const load = (signal: AbortSignal): Promise<string> => fetchText(url, signal);
  return new TokenKeys({ name: url.href, load, everyMs: URL_EVERY_MS, atMostEveryMs: URL_AT_MOST_EVERY_MS }, clock, logger);
}

/** See the top of this file. */
export class TokenKeys {
  readonly #source: KeySource;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #keys: JSONWebKeySet | undefined;
  /** Of `#keys`, made when it is first needed. */
  #find: LocalJWKSet | undefined;
  /** The text in which they came. */
  #text = '';
  /** Why the source gave none, the last time; stands in the log once. */
  #problem = '';
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;
  #repeat: Cancel | undefined;
  readonly #stopped = new AbortController();

  /** @param text What the source has, where that is known already. */
  constructor(source: KeySource, clock: Clock, logger: Logger, text?: string) {
    this.#source = source;
    this.#clock = clock;
    this.#logger = logger;
    if (text === undefined) return;
    this.#take(text);
    this.#repeatedly();
  }

  /** The key of a token. @throws jose's errors; `STREAMS_OVERLOADED` while no keys are known. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    this.#repeatedly();
    if (this.#keys === undefined) await this.#loadAgain();
    const { errors } = await import('jose');
    try {
      return await (await this.#finder())(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#loadAgain();
      return (await this.#finder())(header, token);
    }
  };

  /** Takes the keys as they are now. @throws what is wrong with them; those that are known stay. */
  async reload(): Promise<void> {
    await this.#loading?.catch(() => undefined);
    await this.#load();
  }

  stop(): void {
    this.#repeat?.();
    this.#stopped.abort();
  }

  #repeatedly(): void {
    this.#repeat ??= this.#clock.every(this.#source.everyMs, () => void this.#load().catch(() => undefined)); // stands in the log
  }

  async #finder(): Promise<LocalJWKSet> {
    if (this.#keys === undefined)
      throw createError('OVERLOADED', { message: 'tokens cannot be verified yet: the keys of their issuer are not known' });
    this.#find ??= (await import('jose')).createLocalJWKSet(this.#keys);
    return this.#find;
  }

  /** Loads, unless it was tried a moment ago: a stream of tokens with invented keys is not passed on to the issuer. */
  async #loadAgain(): Promise<void> {
    const isDue = this.#clock.monotonicMs() - this.#triedAtMs >= this.#source.atMostEveryMs;
    if (this.#loading || isDue) await this.#load().catch(() => undefined);
  }

  /** Joins a load that runs. */
  #load(): Promise<void> {
    this.#loading ??= this.#loadNow().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #loadNow(): Promise<void> {
    this.#triedAtMs = this.#clock.monotonicMs();
    const limit = new AbortController();
    const cancel = this.#clock.after(LOAD_TIMEOUT_MS, () => limit.abort());
    try {
      const text = await this.#source.load(AbortSignal.any([limit.signal, this.#stopped.signal]));
      if (text !== this.#text) this.#take(text);
      this.#problem = '';
    } catch (error) {
      const late = `${this.#source.name} gave no answer within ${LOAD_TIMEOUT_MS} ms`;
      this.#tell(limit.signal.aborted ? late : (error as Error).message);
      throw error;
    } finally {
      cancel();
    }
  }

  #tell(problem: string): void {
    if (this.#stopped.signal.aborted || problem === this.#problem) return;
    this.#problem = problem;
    this.#logger.warn({ source: this.#source.name }, `the keys of JSON Web Tokens stay as they are: ${problem}`);
  }

  #take(text: string): void {
    this.#keys = keySetOf(text, this.#source.name);
    this.#text = text;
    this.#find = undefined;
  }
}

function readNow(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw wrong(file, `cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
}

/** Shows nothing of what it reads: there may be a private key in it by mistake. */
function keySetOf(text: string, source: string): JSONWebKeySet {
  const set = parsed(text) as Partial<JSONWebKeySet> | undefined;
  const keys: unknown = set?.keys;
  if (!Array.isArray(keys)) throw wrong(source, 'is no JSON Web Key Set: expected {"keys": [...]}');
  const isKey = (key: unknown): boolean => typeof key === 'object' && key !== null && !Array.isArray(key);
  const broken = keys.findIndex((key) => !isKey(key));
  if (broken >= 0) throw wrong(source, `keys[${broken}]: expected a JSON Web Key`);
  const secret = keys.findIndex((key: object) => 'd' in key || 'k' in key);
  if (secret >= 0) throw wrong(source, `keys[${secret}]: is a secret key; publish the public one alone, and replace this one`);
  return { keys };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wrong(source: string, problem: string, cause?: unknown): StreamsError {
  return createError('INVALID_ARGUMENT', { message: `jwt: ${source} ${problem}`, details: { field: 'jwt' }, cause });
}

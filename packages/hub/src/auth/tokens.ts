// Services that come with a JSON Web Token: who made it, for whom, until when, and what its claims permit.
import { type Clock, isName, MAX_TOKEN_CHARACTERS, StreamsError, TOKEN_POLICY_PREFIX } from '@streams/protocol/internal';
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { DEFAULT_CLOCK_TOLERANCE_MS, DEFAULT_PERMISSIONS_CLAIM, JWT_ALGORITHMS, type JwtGrant, type JwtOptions } from '../config/jwt.ts';
import type { ServiceIdentity } from './authenticate.ts';
import type { Grant } from './policies.ts';

/** Why a token was refused, for the log alone. */
export type TokenRefusal =
  | 'malformed'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-signature'
  | 'wrong-algorithm'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'no-expiry'
  | 'no-subject'
  | 'long-subject'
  | 'unknown-key';

const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** What jose's codes mean here; any other one: the token is malformed. */
const REFUSALS: Readonly<Record<string, TokenRefusal>> = {
  ERR_JWT_EXPIRED: 'expired',
  ERR_JOSE_ALG_NOT_ALLOWED: 'wrong-algorithm',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'wrong-signature',
  ERR_JWKS_NO_MATCHING_KEY: 'unknown-key',
  // Keys that share an id, or have none.
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'unknown-key',
  ERR_JWKS_INVALID: 'unknown-key',
};
/** The same for a claim that is missing or wrong. */
const CLAIM_REFUSALS: Readonly<Record<string, TokenRefusal>> = {
  iss: 'wrong-issuer',
  aud: 'wrong-audience',
  nbf: 'not-yet-valid',
  exp: 'no-expiry',
  sub: 'no-subject',
};

/** Verifies tokens of one issuer. */
export class Tokens {
  readonly #options: JwtOptions;
  readonly #findKey: JWTVerifyGetKey;
  readonly #clock: Clock;

  /** @param findKey The key of a token, by its header. */
  constructor(options: JwtOptions, findKey: JWTVerifyGetKey, clock: Clock) {
    this.#options = options;
    this.#findKey = findKey;
    this.#clock = clock;
  }

  /** @param jwt As it came behind `Bearer`. @throws `STREAMS_OVERLOADED` while no token can be verified. */
  async authenticate(jwt: string): Promise<ServiceIdentity | TokenRefusal> {
    if (jwt.length > MAX_TOKEN_CHARACTERS || !COMPACT.test(jwt)) return 'malformed';
    // Loaded by those hubs alone that take tokens.
    const { jwtVerify } = await import('jose');
    try {
      const { payload } = await jwtVerify(jwt, this.#findKey, this.#expected());
      return identityOf(payload, this.#options);
    } catch (error) {
      if (StreamsError.is(error)) throw error;
      return refusalOf(error);
    }
  }

  #expected(): JWTVerifyOptions {
    const { issuer, audience, clockToleranceMs = DEFAULT_CLOCK_TOLERANCE_MS, algorithms = JWT_ALGORITHMS } = this.#options;
    return {
      issuer,
      audience: [audience].flat(),
      algorithms: [...algorithms],
      clockTolerance: clockToleranceMs / 1_000,
      currentDate: new Date(this.#clock.wallMs()),
      requiredClaims: ['exp', 'sub'],
    };
  }
}

function identityOf(payload: JWTPayload, options: JwtOptions): ServiceIdentity | TokenRefusal {
  const { sub, exp = 0 } = payload;
  if (typeof sub !== 'string' || sub === '') return 'no-subject';
  // Names have no tilde, the one character that is left as it is and is none of theirs.
  const name = TOKEN_POLICY_PREFIX + encodeURIComponent(sub).replaceAll('~', '%7E');
  if (!isName(name)) return 'long-subject';
  const grants = claimValues(payload, options.permissionsClaim ?? DEFAULT_PERMISSIONS_CLAIM)
    .filter((value) => Object.hasOwn(options.permissions, value))
    .map((value) => grantOf(options.permissions[value] as JwtGrant));
  return { kind: 'service', policy: { name, grants }, keyId: undefined, expiresAtMs: exp * 1_000 };
}

function grantOf({ permissions, devices, streams }: JwtGrant): Grant {
  return { permissions: new Set(permissions), devices, streams };
}

/** The strings of a claim, each once: of a list, or the words of a text and the text as a whole. */
function claimValues(payload: JWTPayload, claim: string): string[] {
  const value = Object.hasOwn(payload, claim) ? payload[claim] : claim.split('.').reduce<unknown>(memberOf, payload);
  const values: unknown[] = typeof value === 'string' ? [value, ...value.split(' ')] : Array.isArray(value) ? value : [];
  return [...new Set(values.filter((entry) => typeof entry === 'string'))];
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

function refusalOf(error: unknown): TokenRefusal {
  const { code = '', claim = '' } = error as { code?: string; claim?: string };
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') return CLAIM_REFUSALS[claim] ?? 'malformed';
  return REFUSALS[code] ?? 'malformed';
}

// The option `jwt`: whose JSON Web Tokens services may come with, and what the claims of a token permit.
import { hostOf, parseUrl, type Permission } from '@streams/protocol/internal';
import { z } from 'zod';
import { isLoopback } from '../http/trusted-proxies.ts';
import { grantFields } from './policies.ts';

/** What a value of the claim permits. */
export interface JwtGrant {
  readonly permissions: readonly Permission[];
  /** Patterns of device ids, as those of a policy. Default: all. */
  readonly devices?: readonly string[] | undefined;
  /** Patterns of stream names. Default: all. */
  readonly streams?: readonly string[] | undefined;
}

/** Signature algorithms whose keys come in pairs: whoever can verify a token cannot make one. */
export type JwtAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA' | 'Ed25519';

/** Services that come with a JSON Web Token instead of a policy's key. Exactly one of `jwksUrl` and `jwksFile` is needed. */
export interface JwtOptions {
  /** `iss` of every token, to the letter. */
  readonly issuer: string;
  /** What `aud` of a token must name; of a list one. */
  readonly audience: string | readonly string[];
  /** Where the issuer publishes its keys; `https:`, or `http:` on this machine. Fetched again every 10 minutes, and for a key that is new. */
  readonly jwksUrl?: string | undefined;
  /** The same as a file, for hubs that cannot reach the issuer; read again when it has changed. */
  readonly jwksFile?: string | undefined;
  /** The claim that is mapped: a list of strings, or one string of words. A path such as `realm_access.roles` leads into objects. Default: `roles`. */
  readonly permissionsClaim?: string | undefined;
  /** Value of the claim -> what it permits. A token may have several; what none of them permits is forbidden. */
  readonly permissions: Readonly<Record<string, JwtGrant>>;
  /** How far the issuer's clock may be off, in milliseconds, up to 300,000. Default: 60,000. */
  readonly clockToleranceMs?: number | undefined;
  /** Default: all of {@link JwtAlgorithm}. */
  readonly algorithms?: readonly JwtAlgorithm[] | undefined;
}

/** `none` and those of a shared secret (`HS256` and others) are not among them. */
export const JWT_ALGORITHMS: readonly JwtAlgorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
export const DEFAULT_PERMISSIONS_CLAIM = 'roles';
export const DEFAULT_CLOCK_TOLERANCE_MS = 60_000;

const MAX_CLOCK_TOLERANCE_MS = 300_000;
const TOLERANCE = `expected a whole number from 0 to ${MAX_CLOCK_TOLERANCE_MS}`;
const text = z.string().min(1);

/** See {@link JwtOptions}. */
export const jwtSchema: z.ZodType<JwtOptions> = z
  .strictObject({
    issuer: text.describe('The iss of every token, to the letter.'),
    audience: z
      .union([text, z.array(text).min(1)], 'expected a text or a list of texts')
      .describe('What aud of a token must name; of a list one.'),
    jwksUrl: z
      .string()
      .refine(isKeyUrl, 'expected an https: URL, or an http: URL of this machine')
      .describe('Where the issuer publishes its keys. Either this or jwksFile is needed.')
      .optional(),
    jwksFile: text.describe('File with the keys of the issuer, a JSON Web Key Set; read again when it has changed.').optional(),
    permissionsClaim: text
      .describe(`The claim that is mapped; a path such as realm_access.roles leads into objects. Default: ${DEFAULT_PERMISSIONS_CLAIM}.`)
      .optional(),
    permissions: z
      .record(text, z.strictObject(grantFields))
      .refine((grants) => Object.keys(grants).length > 0, 'expected at least one value of the claim, and what it permits')
      .describe('Value of the claim -> what it permits.'),
    clockToleranceMs: z
      .int(TOLERANCE)
      .min(0, TOLERANCE)
      .max(MAX_CLOCK_TOLERANCE_MS, TOLERANCE)
      .describe(`How far the issuer's clock may be off, in milliseconds. Default: ${DEFAULT_CLOCK_TOLERANCE_MS}.`)
      .optional(),
    algorithms: z.array(z.enum(JWT_ALGORITHMS)).min(1).describe('Signature algorithms that are taken. Default: all of these.').optional(),
  })
  .refine(({ jwksUrl, jwksFile }) => (jwksUrl === undefined) !== (jwksFile === undefined), {
    path: ['jwksUrl'],
    message: 'give either jwksUrl or jwksFile',
  })
  .describe('Services that come with a JSON Web Token instead of the key of a policy. Default: none do.');

/** Keys that come without TLS could be anybody's. */
function isKeyUrl(value: string): boolean {
  const url = parseUrl(value);
  if (url === undefined || url.username !== '' || url.password !== '') return false;
  const host = hostOf(url);
  return url.protocol === 'https:' || (url.protocol === 'http:' && (host === 'localhost' || isLoopback(host)));
}

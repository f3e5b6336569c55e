// Shared access signatures in Azure's format: HMAC-SHA256 over `sr + "\n" + se` (design section 5).
import { createHmac, timingSafeEqual } from 'node:crypto';
import { CLOCK_LEEWAY_MS } from '../wire/defaults.ts';
import { MAX_SIGNATURE_LIFE_MS } from '../wire/limits.ts';
import type { Secret } from './redact.ts';

const SCHEME = 'SharedAccessSignature ';
const MAX_CHARACTERS = 2_048;

/** What is signed, until when, and by whom. */
export interface SignatureClaims {
  /** `{host}` for a service, `{host}/devices/{id}` for a device; host without port. */
  readonly resource: string;
  readonly expiresAtMs: number;
  /** The shared access policy, where it is a service's. */
  readonly policy?: string | undefined;
}

/** A signature as it was received; nothing in it is verified yet. */
export interface ReceivedSignature {
  /** `sr` as sent, not decoded. */
  readonly resource: string;
  /** `se` as sent: it was signed as text. */
  readonly expiry: string;
  readonly signature: string;
  readonly policy: string | undefined;
}

/** Makes the value of an `Authorization` header. */
export function signSharedAccess(claims: SignatureClaims, key: Secret): string {
  const resource = encodeURIComponent(claims.resource);
  const expiry = Math.floor(claims.expiresAtMs / 1_000);
  const signature = encodeURIComponent(digest(resource, String(expiry), key.reveal()).toString('base64'));
  const policy = claims.policy === undefined ? '' : `&skn=${encodeURIComponent(claims.policy)}`;
  return `${SCHEME}sr=${resource}&sig=${signature}&se=${expiry}${policy}`;
}

/** Reads the value of an `Authorization` header, its fields in any order; `undefined` if it is malformed. */
export function parseSharedAccess(header: string): ReceivedSignature | undefined {
  if (!header.startsWith(SCHEME) || header.length > MAX_CHARACTERS) return undefined;
  const fields = new Map<string, string>();
  for (const part of header.slice(SCHEME.length).trim().split('&')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, equals);
    if (equals < 1 || fields.has(name)) return undefined;
    fields.set(name, part.slice(equals + 1));
  }
  const [resource, expiry] = [fields.get('sr'), fields.get('se')];
  const signature = decoded(fields.get('sig'));
  const skn = fields.get('skn');
  const policy = decoded(skn);
  if (!resource || !expiry || !signature || (skn !== undefined && !policy)) return undefined;
  return { resource, expiry, signature, policy };
}

/** True if one of `keys` has made the signature. Takes the same time whichever it is, and where none has. */
export function isSignedBy(received: ReceivedSignature, keys: readonly string[]): boolean {
  const signature = Buffer.from(received.signature, 'base64');
  let genuine = false;
  for (const key of keys) {
    const expected = digest(received.resource, received.expiry, key);
    const compared = signature.length === expected.length ? signature : Buffer.alloc(expected.length);
    // Both steps are always taken: an answer that comes early would tell which key it was.
    const equal = timingSafeEqual(compared, expected);
    genuine = (equal && compared === signature) || genuine;
  }
  return genuine;
}

/** True if `se` is a whole number of seconds, not past and not too far ahead, give or take the leeway for clocks. */
export function isInForce(received: ReceivedSignature, nowMs: number): boolean {
  if (!/^[1-9]\d{0,11}$/.test(received.expiry)) return false;
  const leftMs = Number(received.expiry) * 1_000 - nowMs;
  return leftMs > -CLOCK_LEEWAY_MS && leftMs <= MAX_SIGNATURE_LIFE_MS + CLOCK_LEEWAY_MS;
}

/**
 * True if `sr` names the path of a resource on one of the hub's host names. It is compared as received with the
 * spellings that clients use (raw, percent-encoded once), and never decoded, so that no two ids can meet.
 */
export function isForResource(received: ReceivedSignature, hostNames: readonly string[], path: string): boolean {
  const encoded = encodings(path);
  const { resource } = received;
  const isPath = (text: string): boolean => text === path || encoded.has(inUpperCase(text));
  return hostNames.some((hostName) =>
    [hostName, encodeURIComponent(hostName)].some(
      (host) => resource.slice(0, host.length).toLowerCase() === host.toLowerCase() && isPath(resource.slice(host.length)),
    ),
  );
}

/** A path percent-encoded once: as a whole or by segment, as JavaScript does it or strictly. */
function encodings(path: string): Set<string> {
  return new Set([encodeURIComponent, strictly].flatMap((encode) => [encode(path), path.split('/').map(encode).join('/')]));
}

/** Also encodes what `encodeURIComponent` leaves, as Azure's SDKs do. */
function strictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The hex of escapes may be of either case; what follows an escaped percent sign is text. */
function inUpperCase(encoded: string): string {
  return encoded.replace(/%[0-9a-f]{2}/gi, (octet) => octet.toUpperCase());
}

function digest(resource: string, expiry: string, key: string): Buffer {
  return createHmac('sha256', Buffer.from(key, 'base64')).update(`${resource}\n${expiry}`).digest();
}

/** Not `URLSearchParams`: that would turn a `+` of base64 into a space. */
function decoded(value: string | undefined): string | undefined {
  try {
    return value === undefined ? undefined : decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

// Who has signed in: makes the value of `Authorization` for each request. Lives in memory alone, and cannot be read back.
import { EntryError, type PolicyKey } from './connection-string.ts';

/** Short: whoever gets hold of a signature has little time to use it. */
const SIGNATURE_LIFE_MS = 5 * 60_000;
/** A signature is made anew before it has this long left. */
const RENEW_BEFORE_MS = 60_000;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** What signs requests. */
export interface Credential {
  /** Who it is, for the eye. */
  readonly who: string;
  /** @param nowMs The hub's time, as far as it is known. */
  authorization(nowMs: number): Promise<string>;
}

/** Signs with a policy's key, in Azure's format. @param hostName Of the hub, without port. */
export async function keyCredential({ policy, key }: PolicyKey, hostName: string): Promise<Credential> {
  const raw = Uint8Array.from(atob(key), (character) => character.charCodeAt(0));
  const hmac = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const resource = encodeURIComponent(hostName);
  let last = { text: '', expiresAtMs: 0, madeAtMs: 0 };
  const authorization = async (nowMs: number): Promise<string> => {
    // Also where the hub's time has turned out to be an earlier one: a signature may not reach too far ahead.
    if (last.expiresAtMs - nowMs > RENEW_BEFORE_MS && nowMs >= last.madeAtMs) return last.text;
    const expiry = Math.floor((nowMs + SIGNATURE_LIFE_MS) / 1_000);
    const digest = await crypto.subtle.sign('HMAC', hmac, new TextEncoder().encode(`${resource}\n${expiry}`));
    const signature = btoa(String.fromCharCode(...new Uint8Array(digest)));
    const text = `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${encodeURIComponent(policy)}`;
    last = { text, expiresAtMs: expiry * 1_000, madeAtMs: nowMs };
    return text;
  };
  return { who: policy, authorization };
}

/** Shows a JWT. @throws EntryError for what is none. */
export function tokenCredential(text: string): Credential {
  const token = text.trim().replace(/^Bearer\s+/i, '');
  if (!JWT.test(token)) throw new EntryError('This is no JWT: expected three parts of base64url with dots between them.');
  return { who: subjectOf(token) ?? 'token', authorization: () => Promise.resolve(`Bearer ${token}`) };
}

/** Only for the eye: the hub verifies. */
function subjectOf(token: string): string | undefined {
  try {
    const payload = atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'));
    const { sub } = JSON.parse(new TextDecoder().decode(Uint8Array.from(payload, (character) => character.charCodeAt(0))));
    return typeof sub === 'string' && sub !== '' ? sub : undefined;
  } catch {
    return undefined;
  }
}

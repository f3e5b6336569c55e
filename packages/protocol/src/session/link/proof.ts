// That both ends of a session are those of its start: an X25519 key each, and a MAC over both HELLOs of a leg.
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { roleByte, SESSION_KEY_BYTES, type SessionRole } from '../../wire/session-hello.ts';
import { MAX_POSITION } from '../../wire/session-messages.ts';
import { SessionFailure } from '../seam.ts';

/** The key pair of one end, made for one session. */
export interface SessionKeys {
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
}

/** The HELLOs of one leg, byte for byte. */
export interface Hellos {
  readonly service: Uint8Array;
  readonly device: Uint8Array;
}

/** PKCS #8 in front of an X25519 private key (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const IS_NODE_20 = process.versions.node.startsWith('20.');
const INFO = 'streams-session/1 resume';

/** A pair from 32 secret bytes. */
export function sessionKeys(secret: Uint8Array): SessionKeys {
  const privateKey = privateKeyOf(secret);
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, publicKey: Buffer.from(x, 'base64url') };
}

/** OpenSSL 3.0, which Node 20 may run on, takes 0.3 ms for a PKCS #8; that Node takes a JWK without its public half, later ones do not. */
function privateKeyOf(secret: Uint8Array): KeyObject {
  if (IS_NODE_20) {
    const d = Buffer.from(secret).toString('base64url');
    return createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', d, x: '' }, format: 'jwk' });
  }
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' });
}

/**
 * The key of a session, the same at both ends.
 * @throws SessionFailure for a public key that no honest peer has.
 */
export function sessionKey(own: SessionKeys, role: SessionRole, peerKey: Uint8Array, sessionId: Uint8Array): Buffer {
  const [service, device] = role === 'service' ? [own.publicKey, peerKey] : [peerKey, own.publicKey];
  const info = Buffer.concat([Buffer.from(INFO), service, device]);
  return Buffer.from(hkdfSync('sha256', agree(own, peerKey), sessionId, info, SESSION_KEY_BYTES));
}

function agree({ privateKey }: SessionKeys, peerKey: Uint8Array): Buffer {
  const x = Buffer.from(peerKey).toString('base64url');
  try {
    return diffieHellman({ privateKey, publicKey: createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' }) });
  } catch {
    // OpenSSL refuses the points of low order, which give a secret that everybody knows.
    throw new SessionFailure('PROTOCOL', 'hello.publicKey: expected an X25519 key, found one of low order');
  }
}

/** What the end of `role` proves: it holds its key, has seen these HELLOs, and has received so many bytes. */
export function proofMac(key: Uint8Array, role: SessionRole, received: number, hellos: Hellos): Buffer {
  const head = Buffer.alloc(7);
  head[0] = roleByte(role);
  head.writeUIntBE(Math.min(received, MAX_POSITION), 1, 6);
  const transcript = createHash('sha256').update(hellos.service).update(hellos.device).digest();
  return createHmac('sha256', key).update(head).update(transcript).digest();
}

/** Compares in constant time. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

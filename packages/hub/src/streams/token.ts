// Stream tokens: 256 bits, single use, kept as hashes only (design section 5).
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '@streams/protocol/internal';

const TOKEN_BYTES = 32;

/** A token as it is handed out, and what is kept of it. */
export interface IssuedToken {
  readonly token: string;
  readonly hash: Buffer;
}

export function issueToken(random: Random): IssuedToken {
  const token = random.bytes(TOKEN_BYTES).toString('base64url');
  return { token, hash: hashToken(token) };
}

/** Constant time: says nothing about how close a guess is. */
export function isToken(token: string, hash: Buffer): boolean {
  return timingSafeEqual(hashToken(token), hash);
}

function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

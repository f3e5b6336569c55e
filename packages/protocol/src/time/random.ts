// Chance as the rest of the code sees it: injected, so that a test can seed it.
import { randomBytes } from 'node:crypto';

/** A source of unpredictable values. */
export interface Random {
  /** `count` bytes, fit for secrets. */
  bytes(count: number): Buffer;
  /** A number from 0 (included) to 1 (excluded), for jitter. */
  uniform(): number;
}

/** The machine's cryptographic generator. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  uniform: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};

/** A fresh identifier of 128 bits in 22 characters of base64url. */
export function newId(random: Random): string {
  return random.bytes(16).toString('base64url');
}

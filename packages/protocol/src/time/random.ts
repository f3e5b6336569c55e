// Chance as the rest of the code sees it: injected, so that a test can seed it.
import { randomBytes, randomInt } from 'node:crypto';

/** A source of unpredictable values. */
export interface Random {
  /** `count` bytes, fit for secrets. */
  bytes(count: number): Buffer;
  /** A number from 0 (included) to 1 (excluded), for jitter. */
  uniform(): number;
}

/** The most that `randomInt` has. */
const RANDOM_INTS = 2 ** 48 - 1;

/** The machine's cryptographic generator. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  // Node draws these from a store of bytes; each call for bytes of one's own costs 25 us.
  uniform: () => randomInt(RANDOM_INTS) / RANDOM_INTS,
};

/** A fresh identifier of 128 bits in 22 characters of base64url. */
export function newId(random: Random): string {
  return random.bytes(16).toString('base64url');
}

// Chance that repeats: the same seed gives the same values (numbers by mulberry32, bytes by AES). Never for secrets.
import { createCipheriv } from 'node:crypto';
import type { Random } from '@streams/protocol/internal';

/** A {@link Random} that is wholly determined by `seed`. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    uniform: () => next() / 2 ** 32,
    // Megabytes of them: a cipher makes them ten times as fast.
    bytes(count) {
      const key = Buffer.alloc(16);
      key.writeUInt32LE(next());
      return createCipheriv('aes-128-ctr', key, key).update(Buffer.alloc(count));
    },
  };
}

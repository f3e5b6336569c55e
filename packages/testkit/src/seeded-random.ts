// Chance that repeats: the same seed gives the same values (mulberry32). Never for secrets.
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
    bytes(count) {
      const words = new Uint32Array(Math.ceil(count / 4));
      for (let i = 0; i < words.length; i += 1) words[i] = next();
      return Buffer.from(words.buffer, 0, count);
    },
  };
}

// The two keys of a device or a policy, of which one is replaced while the other is in use.
import type { Random } from '@streams/protocol/internal';

const KEY_BYTES = 32;

/** Which of the two. */
export type KeySlot = 'primary' | 'secondary';

/** The key in a place, base64; undefined where there is none. */
export function keyIn(keys: readonly string[], which: KeySlot): string | undefined {
  return keys[which === 'primary' ? 0 : 1];
}

/** The keys, with a fresh one in that place. */
export function rotated([primary, secondary]: readonly string[], which: KeySlot, random: Random): string[] {
  const fresh = random.bytes(KEY_BYTES).toString('base64');
  return (which === 'primary' ? [fresh, secondary] : [primary, fresh]).filter((key) => key !== undefined);
}

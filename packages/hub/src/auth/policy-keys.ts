// The two keys of a policy or device: what is missing is made.
import type { Random } from '@streams/protocol/internal';

const KEY_BYTES = 32;

/** The keys that are given, first and second; fresh ones in the place of those that are not. */
export function bothKeys(given: readonly string[] | undefined, random: Random): readonly [string, string] {
  const fresh = (): string => random.bytes(KEY_BYTES).toString('base64');
  return [given?.[0] ?? fresh(), given?.[1] ?? fresh()];
}

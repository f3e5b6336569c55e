// Any text of Unicode. fast-check's own units, 'binary' and 'grapheme', take a second to set up.
import fc from 'fast-check';

const SURROGATES = { first: 0xd800, count: 0x800 };
const codePoints = fc.oneof(fc.nat(0x7f), fc.nat(0x10_ffff - SURROGATES.count));
const characters = codePoints.map((at) => String.fromCodePoint(at < SURROGATES.first ? at : at + SURROGATES.count));

/** Text of `minLength` to `maxLength` code points, half of them ASCII. */
export function unicode(length: { readonly minLength?: number; readonly maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.string({ unit: characters, ...length });
}

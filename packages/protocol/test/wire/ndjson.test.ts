// Lines come out as they are, however the chunks fall; one that is too long takes no memory and spoils no other.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Line, LineSplitter } from '../../src/wire/ndjson.ts';
import { forAll } from '../support/for-all.ts';
import { unicode } from '../support/unicode.ts';

function split(bytes: Uint8Array, cuts: readonly number[], maxBytes: number): Line[] {
  const splitter = new LineSplitter(maxBytes);
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

it('are the same for every way to cut them', () => {
  const texts = fc.array(fc.oneof(unicode(), fc.constantFrom('', '  ', '\r', 'é'.repeat(40))), { maxLength: 12 });
  forAll(fc.tuple(texts, fc.array(fc.nat()), fc.boolean()), ([given, cuts, ends]) => {
    const lines = given.map((text) => text.replaceAll('\n', ' '));
    const bytes = new TextEncoder().encode(lines.join('\n') + (ends ? '\n' : ''));
    const expected = lines.map((text, index): Line => {
      const isTooLong = new TextEncoder().encode(text).length > 60;
      return { number: index + 1, text: isTooLong ? undefined : text.replace(/^\uFEFF/, '') };
    });
    expect(split(bytes, cuts, 60)).toEqual(expected.filter(({ text }) => text?.trim() !== ''));
  });
});

it('may begin with a byte order mark, and end as on Windows', () => {
  const bytes = new TextEncoder().encode('\uFEFF{"a":1}\r\n\r\n{"b":2}\r\n');
  expect(split(bytes, [], 60).map(({ number, text = '' }) => [number, JSON.parse(text)])).toEqual([
    [1, { a: 1 }],
    [3, { b: 2 }],
  ]);
});

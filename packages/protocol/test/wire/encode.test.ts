// Text of control messages, and texts cut to what a close frame holds.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutUtf8, encodeMessage } from '../../src/wire/encode.ts';
import { forAll } from '../support/for-all.ts';
import { unicode } from '../support/unicode.ts';

const texts = unicode({ maxLength: 60 });

describe('encodeMessage', () => {
  it('gives JSON without what is undefined', () => {
    expect(encodeMessage({ type: 'goaway', withinMs: 5 })).toBe('{"type":"goaway","withinMs":5}');
    const request = {
      streamId: 's',
      name: 'n',
      headers: {},
      protocols: [],
      capabilities: [],
      requester: { policy: 'p' },
      timeoutMs: 1,
      url: 'u',
    };
    expect(encodeMessage({ type: 'request', ...request, token: 't', traceparent: undefined })).not.toContain('traceparent');
  });
});

describe('cutUtf8', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abc', 2, 'ab'],
    ['abc', 0, ''],
    ['', 0, ''],
    ['é', 1, ''],
    ['aé', 2, 'a'],
    ['aé', 3, 'aé'],
    ['€', 2, ''],
    ['€€', 5, '€'],
    ['😀', 3, ''],
    ['😀', 4, '😀'],
    ['a😀', 4, 'a'],
    ['\uFEFFa', 4, '\uFEFFa'],
    ['\uFEFFa', 3, '\uFEFF'],
    ['\uD83D', 3, '\uFFFD'],
    ['\uD83D', 2, ''],
    ['a\uDE00b', 4, 'a\uFFFD'],
  ])('%j to %i bytes is %j', (text, maxBytes, expected) => expect(cutUtf8(text, maxBytes)).toBe(expected));

  it('gives the longest start of whole characters that fits', () => {
    forAll(fc.tuple(texts, fc.nat({ max: 130 })), ([text, maxBytes]) => {
      const cut = cutUtf8(text, maxBytes);
      expect(text.startsWith(cut)).toBe(true);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
      const [next] = text.slice(cut.length);
      if (next !== undefined) expect(Buffer.byteLength(cut + next)).toBeGreaterThan(maxBytes);
    });
  });

  it('never exceeds, lone surrogates or not', () => {
    const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes));
    forAll(fc.tuple(units, fc.nat({ max: 130 })), ([text, maxBytes]) => {
      const cut = cutUtf8(text, maxBytes);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
      expect(Buffer.from(text).toString().startsWith(cut)).toBe(true);
    });
  });
});

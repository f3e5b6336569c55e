// The guards under every decoder: what they let through, and that an error names the path and never shows a text that it found.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asBoolean, asInteger, asObject, asString, asStrings, fail, optional, parseObject } from '../../src/wire/guards.ts';
import { errorOf } from '../support/errors.ts';
import { forAll } from '../support/for-all.ts';

const PATH = 'message.field[3]';
const SECRET = 'c2VjcmV0LWtleQ==';

const refusals: [what: string, expected: string, found: string, action: () => unknown][] = [
  ['no object: null', 'an object', 'null', () => asObject(null, PATH)],
  ['no object: undefined', 'an object', 'undefined', () => asObject(undefined, PATH)],
  ['no object: a list', 'an object', 'a list of 2', () => asObject([SECRET, SECRET], PATH)],
  ['no object: a string', 'an object', 'a string of 16 characters', () => asObject(SECRET, PATH)],
  ['no object: a function', 'an object', 'a value of type function', () => asObject(() => SECRET, PATH)],
  ['no string: an object', 'a string', 'a value of type object', () => asString({ [SECRET]: SECRET }, PATH, 99)],
  ['no string: a number', 'a string', '7', () => asString(7, PATH, 99)],
  ['no string: null', 'a string', 'null', () => asString(null, PATH, 99)],
  ['too long', 'at most 15 characters', 'a string of 16 characters', () => asString(SECRET, PATH, 15)],
  ['wrong pattern', 'text that matches ^\\d+$', 'a string of 16 characters', () => asString(SECRET, PATH, 99, /^\d+$/)],
  ['no integer: a fraction', 'an integer from 1 to 9', '1.5', () => asInteger(1.5, PATH, 1, 9)],
  ['no integer: NaN', 'an integer from 1 to 9', 'NaN', () => asInteger(NaN, PATH, 1, 9)],
  ['no integer: Infinity', 'an integer from 1 to 9', 'Infinity', () => asInteger(Infinity, PATH, 1, 9)],
  ['no integer: digits as text', 'an integer from 1 to 9', 'a string of 1 characters', () => asInteger('5', PATH, 1, 9)],
  ['too small', 'an integer from 1 to 9', '0', () => asInteger(0, PATH, 1, 9)],
  ['too large', 'an integer from 1 to 9', '10', () => asInteger(10, PATH, 1, 9)],
  ['no boolean: 1', 'true or false', '1', () => asBoolean(1, PATH)],
  ['no boolean: "true"', 'true or false', 'a string of 4 characters', () => asBoolean('true', PATH)],
  ['no list: an object with a length', 'a list', 'a value of type object', () => asStrings({ length: 1, 0: SECRET }, PATH, 9, 99)],
  ['too many entries', 'at most 2 entries', 'a list of 3', () => asStrings([SECRET, SECRET, SECRET], PATH, 2, 99)],
  ['not JSON', 'JSON', 'a string of 17 characters', () => parseObject(`{${SECRET}`, PATH)],
  ['JSON that is no object', 'an object', 'a string of 16 characters', () => parseObject(`"${SECRET}"`, PATH)],
  ['fail itself', 'peace', 'true', () => fail(PATH, 'peace', true)],
];

describe('a guard that refuses', () => {
  it.each(refusals)('%s', (_what, expected, found, action) => {
    const error = errorOf(action);
    expect(error).toMatchObject({ code: 'STREAMS_BAD_REQUEST', details: { path: PATH, expected } });
    expect(error.message).toBe(`${PATH}: expected ${expected}, found ${found}`);
  });

  it('names the entry of a list that has the wrong pattern', () => {
    const error = errorOf(() => asStrings(['fine', SECRET], PATH, 9, 99, /^[a-z]+$/));
    expect(error.details).toMatchObject({ path: `${PATH}[1]` });
    expect(error.message).not.toContain(SECRET);
  });

  it('names the entry of a list', () => {
    const error = errorOf(() => asStrings(['fine', 'fine', 8], PATH, 9, 99));
    expect(error.details).toMatchObject({ path: `${PATH}[2]`, expected: 'a string' });
  });

  it('never shows a text that it found', () => {
    const guards: ((value: unknown) => unknown)[] = [
      (value) => asObject(value, PATH),
      (value) => asString(value, PATH, 4),
      (value) => asString(value, PATH, 1_000, /^$/),
      (value) => asString([value], PATH, 1_000),
      (value) => asString({ value }, PATH, 1_000),
      (value) => asInteger(value, PATH, 0, 9),
      (value) => asBoolean(value, PATH),
      (value) => asStrings(value, PATH, 9, 9),
      (value) => asStrings([value], PATH, 9, 4),
      (value) => parseObject(value as string, PATH),
    ];
    forAll(fc.tuple(fc.constantFrom(...guards), fc.string({ maxLength: 50 })), ([guard, text]) => {
      const error = errorOf(() => guard(`${SECRET}${text}`));
      expect(JSON.stringify([error.message, error.details])).not.toContain(SECRET);
    });
  });
});

describe('a guard that accepts', () => {
  it('gives the value at the very edges', () => {
    expect(asString('', PATH, 0)).toBe('');
    expect(asString('abcd', PATH, 4, /^[a-d]+$/)).toBe('abcd');
    expect([asInteger(1, PATH, 1, 9), asInteger(9, PATH, 1, 9), asInteger(-3, PATH, -3, -3)]).toEqual([1, 9, -3]);
    expect([asBoolean(true, PATH), asBoolean(false, PATH)]).toEqual([true, false]);
    expect(asStrings([], PATH, 0, 0)).toEqual([]);
    expect(asStrings(['ab', ''], PATH, 2, 2)).toEqual(['ab', '']);
    expect(parseObject(' {"a": [1]} ', PATH)).toEqual({ a: [1] });
  });

  it('builds a fresh list', () => {
    const given = ['a'];
    const taken = asStrings(given, PATH, 9, 9);
    given.push('later');
    expect(taken).toEqual(['a']);
  });

  it('skips what is absent, and only that', () => {
    const guard = (value: unknown): string => asString(value, PATH, 9);
    expect(optional(undefined, guard)).toBeUndefined();
    expect(optional('', guard)).toBe('');
    expect(errorOf(() => optional(null, guard)).details).toMatchObject({ path: PATH });
  });
});

// The grammar of device ids, stream names, headers and ids.
import { describe, expect, it } from 'vitest';
import { newId, systemRandom } from '../../src/time/random.ts';
import { asDeviceId, asHeaders, asStreamName, ID_PATTERN, isName, TOKEN_PATTERN } from '../../src/wire/names.ts';
import { errorOf } from '../support/errors.ts';
import { forAll } from '../support/for-all.ts';
import { headers, names } from '../support/messages.ts';
import { unicode } from '../support/unicode.ts';

const ALPHABET = new Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.%_*?!(),:=@$'");
const PATH = 'request.headers';

describe('names', () => {
  it('hold exactly these characters', () => {
    const accepted = Array.from({ length: 0x3_00 }, (_, code) => String.fromCharCode(code)).filter((character) => isName(`x${character}`));
    expect(new Set(accepted)).toEqual(ALPHABET);
  });

  it('are those of the grammar, and no others', () => {
    forAll(names, (name) => expect([isName(name), asDeviceId(name), asStreamName(name)]).toEqual([true, name, name]));
    forAll(unicode({ maxLength: 140 }), (text) => {
      const whole = text.length >= 1 && text.length <= 128 && text !== '.' && text !== '..';
      expect(isName(text)).toBe(whole && Array.from(text).every((character) => ALPHABET.has(character)));
    });
  });

  it.each(['...', '.a', '-', '%2e', '%2E%2e', 'a'.repeat(128), 'constructor', '__proto__'])('%s', (name) =>
    expect(isName(name)).toBe(true),
  );

  it.each(['', '.', '..', 'a'.repeat(129), 'a b', 'a/b', 'a\\b', 'a;b', 'a&b', 'a#b', 'a+b', 'name\n', '\nname', 'é', '\0'])(
    'not %j',
    (name) => expect(isName(name)).toBe(false),
  );

  it.each([undefined, null, 7, true, ['a'], { length: 1 }, new String('a')])('not %j, which is no string', (value) => {
    expect(errorOf(() => asDeviceId(value)).code).toBe('STREAMS_INVALID_DEVICE_ID');
    expect(errorOf(() => asStreamName(value)).code).toBe('STREAMS_INVALID_STREAM_NAME');
  });
});

describe('headers', () => {
  it('any that fit come back, as a fresh object', () => {
    forAll(headers, (given) => {
      const taken = asHeaders(given, PATH);
      expect(taken).toEqual(given);
      expect(taken).not.toBe(given);
      expect(Object.getPrototypeOf(taken)).toBe(Object.prototype);
    });
  });

  const many = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, '']));
  it.each([
    ['64', many(64)],
    ['a name of 64 characters', { ['n'.repeat(64)]: 'v' }],
    ['8192 bytes together', { a: 'x'.repeat(4_095), b: 'é'.repeat(2_047), c: '' }],
  ])('%s', (_what, given) => expect(asHeaders(given, PATH)).toEqual(given));

  it.each<[what: string, given: unknown, path: string]>([
    ['65', many(65), PATH],
    ['a name of 65 characters', { ['n'.repeat(65)]: 'v' }, `${PATH} name`],
    ['an empty name', { '': 'v' }, `${PATH} name`],
    ['an upper-case name', { User: 'v' }, `${PATH} name`],
    ['a name with a line feed', { 'a\n': 'v' }, `${PATH} name`],
    ['8193 bytes together', { a: 'x'.repeat(4_095), b: 'é'.repeat(2_047), c: '.' }, PATH],
    ['8193 characters in one value', { a: 'x'.repeat(8_193) }, `${PATH}.a`],
    ['a value that is a number', { a: 'v', n: 1 }, `${PATH}.n`],
    ['a value that is null', { n: null }, `${PATH}.n`],
    ['an own __proto__', JSON.parse('{"__proto__": "v"}'), `${PATH} name`],
    ['a list', ['v'], PATH],
    ['null', null, PATH],
    ['a string', 'v', PATH],
  ])('not %s', (_what, given, path) => expect(errorOf(() => asHeaders(given, PATH)).details).toMatchObject({ path }));

  it('a bad name is not shown', () => expect(errorOf(() => asHeaders({ 'Secret Name': 'v' }, PATH)).message).not.toContain('Secret'));
});

describe('ids of the hub', () => {
  it('have 128 and 256 bits in base64url', () => {
    for (let i = 0; i < 100; i += 1) {
      expect(newId(systemRandom)).toMatch(ID_PATTERN);
      expect(systemRandom.bytes(32).toString('base64url')).toMatch(TOKEN_PATTERN);
    }
    for (const pattern of [ID_PATTERN, TOKEN_PATTERN]) {
      for (const text of [
        '',
        'A'.repeat(21),
        'A'.repeat(23),
        'A'.repeat(42),
        'A'.repeat(44),
        `${'A'.repeat(21)}+`,
        `${'A'.repeat(43)}\n`,
        `${'A'.repeat(22)}\n`,
      ])
        expect(text).not.toMatch(pattern);
    }
  });
});

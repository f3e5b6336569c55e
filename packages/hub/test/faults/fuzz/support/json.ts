// JSON texts that are nearly what somebody expects: valid messages in which something was changed, and what no serializer writes.
import fc from 'fast-check';

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
/** Values as JSON spells them, right and wrong. */
const VALUES = [
  'null',
  'true',
  '0',
  '-0',
  '-1',
  '1e400',
  '1e-400',
  '9007199254740993',
  '123456789012345678901234567890',
  '0.1',
  '01',
  'NaN',
  '""',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"\ufeff"',
  '"a\nb"',
  '[]',
  '[[]]',
  '{}',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  deep(50),
  '[null,null]',
  `"${'x'.repeat(600)}"`,
  '"__proto__"',
];
const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'type', 'streamId', 'headers', '', '\\u0074ype'];

const value = fc.oneof(
  fc.constantFrom(...VALUES),
  fc.json({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => JSON.stringify(text)),
);

type Member = readonly [key: string, value: string];
type Change = (members: readonly Member[]) => readonly Member[];

const changes: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.nat(20), value).map(
      ([at, text]): Change =>
        (members) =>
          members.map(([key, old], index) => [key, index === at % members.length ? text : old]),
    ),
  },
  fc.nat(20).map(
    (at): Change =>
      (members) =>
        members.filter((_, index) => index !== at % members.length),
  ),
  fc.tuple(fc.constantFrom(...KEYS), value).map(
    ([key, text]): Change =>
      (members) => [...members, [key, text]],
  ),
  fc.tuple(fc.nat(20), value).map(
    ([at, text]): Change =>
      (members) => [...members, [members[at % Math.max(1, members.length)]?.[0] ?? 'a', text]],
  ),
);
const spoilers = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text,
  (text) => text,
  (text) => text,
  (text) => `\ufeff${text}`,
  (text) => text.slice(0, -1),
  (text) => `${text}}`,
  (text) => `[${text}]`,
  (text) => text.replace('"', "'"),
  (text) => text.slice(0, text.length / 2),
  (text) => ` \t\n${text}\r\n`,
  (text) => text.replace(':', ':\0'),
);

/** @param valid Messages that are taken as they are. */
export function nearly(valid: readonly object[]): fc.Arbitrary<string> {
  const base = fc.constantFrom(...valid).map((object) => Object.entries(object).map(([key, each]): Member => [key, JSON.stringify(each)]));
  return fc.tuple(base, fc.array(changes, { maxLength: 3 }), spoilers).map(([members, all, spoil]) => {
    const changed = all.reduce((before, change) => change(before), members as readonly Member[]);
    return spoil(`{${changed.map(([key, text]) => `"${key}":${text}`).join(',')}}`);
  });
}

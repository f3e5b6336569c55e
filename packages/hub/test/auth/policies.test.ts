// What a policy permits: patterns, several grants, and the words of a refusal.
import { isName } from '@streams/protocol/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayUseDevice, requirePermission } from '../../src/auth/authorize.ts';
import { matches, permits, type Policy, policyOf } from '../../src/auth/policies.ts';

const NAME_CHARACTERS = "abzABZ019-.%_*?!(),:=@$'".split('');
const names = fc.string({ unit: fc.constantFrom(...NAME_CHARACTERS), minLength: 1, maxLength: 24 }).filter(isName);

/** What the page says, by other means: a regular expression in which only a last `*` is special. */
function reference(pattern: string, text: string): boolean {
  const literal = (part: string): string => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  const source = pattern.endsWith('*') ? `${literal(pattern.slice(0, -1))}[^]*` : literal(pattern);
  return new RegExp(`^(?:${source})$`).test(text);
}

describe('a pattern', () => {
  it.each([
    ['pump-*', 'pump-7', true],
    ['pump-*', 'pump-', true],
    ['pump-*', 'pump', false],
    ['pump-*', 'PUMP-7', false],
    ['pump-*', 'a-pump-7', false],
    ['pump-7', 'pump-7', true],
    ['pump-7', 'pump-77', false],
    ['*', 'anything', true],
    ['*-7', 'pump-7', false],
    ['*-7', '*-7', true],
    ['p?mp', 'pump', false],
    ['a.c', 'abc', false],
    ['a**', 'a*', true],
    ['a**', 'ab', false],
  ])('%s: %s is %s', (pattern, text, expected) => {
    expect(matches([pattern], text)).toBe(expected);
  });

  it('has one special character, and that at its end alone', () => {
    fc.assert(
      fc.property(names, names, (pattern, text) => {
        expect(matches([pattern], text)).toBe(reference(pattern, text));
      }),
    );
  });

  it('that ends with a * takes each continuation, and nothing else', () => {
    fc.assert(
      fc.property(names, names, (prefix, more) => {
        expect(matches([`${prefix}*`], prefix + more)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(names, names, (prefix, text) => {
        expect(matches([`${prefix}*`], text)).toBe(text.startsWith(prefix));
      }),
    );
  });

  it('of several one is enough', () => {
    fc.assert(
      fc.property(fc.array(names, { minLength: 1, maxLength: 5 }), names, (patterns, text) => {
        expect(matches(patterns, text)).toBe(patterns.some((pattern) => reference(pattern, text)));
      }),
    );
  });
});

describe('a policy', () => {
  const field = policyOf({
    name: 'field',
    keys: [],
    permissions: ['stream:create', 'device:read'],
    devices: ['pump-*'],
    streams: ['ssh'],
  });

  it('permits what it has, where it has it', () => {
    expect(permits(field, 'stream:create', { deviceId: 'pump-7', streamName: 'ssh' })).toBe(true);
    expect(permits(field, 'stream:create', { deviceId: 'valve-1', streamName: 'ssh' })).toBe(false);
    expect(permits(field, 'stream:create', { deviceId: 'pump-7', streamName: 'web' })).toBe(false);
    expect(permits(field, 'device:write', { deviceId: 'pump-7' })).toBe(false);
    expect(mayUseDevice(field, 'pump-1')).toBe(true);
    expect(mayUseDevice(field, 'valve-1')).toBe(false);
  });

  it('of several grants none lends its permissions to the devices of another', () => {
    const both: Policy = {
      name: 'jwt:ada',
      grants: [
        { permissions: new Set(['device:read']) },
        { permissions: new Set(['stream:create']), devices: ['pump-*'], streams: ['ssh'] },
      ],
    };
    expect(mayUseDevice(both, 'valve-1')).toBe(true);
    expect(permits(both, 'stream:create', { deviceId: 'valve-1', streamName: 'ssh' })).toBe(false);
    expect(permits(both, 'stream:create', { deviceId: 'pump-7', streamName: 'ssh' })).toBe(true);
    expect(mayUseDevice({ name: 'jwt:nobody', grants: [] }, 'pump-7')).toBe(false);
  });

  it('says what is missing', () => {
    const identity = { kind: 'service', policy: field, keyId: 'k', expiresAtMs: 0 } as const;
    const refused = (...rest: [Parameters<typeof requirePermission>[1], Parameters<typeof requirePermission>[2]?]) => {
      try {
        requirePermission(identity, ...rest);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(refused('stream:create', { deviceId: 'pump-7' })).toBeUndefined();
    expect(refused('hub:read')).toMatchObject({
      message: 'the policy field lacks the permission hub:read',
      details: { permission: 'hub:read' },
    });
    expect(refused('device:read', { deviceId: 'valve-1' })).toMatchObject({
      code: 'STREAMS_FORBIDDEN',
      message: 'the policy field has the permission device:read for other devices, not for valve-1',
      details: { deviceId: 'valve-1' },
    });
    expect(refused('stream:create', { deviceId: 'pump-7', streamName: 'web' })).toMatchObject({
      message: 'the policy field has the permission stream:create for other stream names, not for web',
    });
  });
});

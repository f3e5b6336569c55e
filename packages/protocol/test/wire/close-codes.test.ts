// Which close codes may be sent, which are passed on, and of whom they speak.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as codes from '../../src/wire/close-codes.ts';
import { forAll } from '../support/for-all.ts';

const SENDABLE = [1000, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];

describe('endedBy', () => {
  it.each([
    [1000, 'peer'],
    [1002, 'peer'],
    [1005, 'peer'],
    [1006, 'network'],
    [1007, 'peer'],
    [1008, 'hub'],
    [1009, 'peer'],
    [1010, 'peer'],
    [1011, 'hub'],
    [1012, 'hub'],
    [1013, 'hub'],
    [1014, 'hub'],
    [1015, 'peer'],
    [4400, 'peer'],
    [4410, 'peer'],
    [4411, 'peer'],
    [4412, 'hub'],
    [4413, 'hub'],
  ])('%i: %s', (code, by) => expect(codes.endedBy(code)).toBe(by));
});

describe('isSendable', () => {
  it('is true for what a close frame may carry, and for nothing else', () => {
    const found = Array.from({ length: 6_000 }, (_, code) => code).filter(codes.isSendable);
    expect(found.filter((code) => code < 3_000)).toEqual(SENDABLE);
    expect(found.filter((code) => code >= 3_000)).toEqual(Array.from({ length: 2_000 }, (_, index) => 3_000 + index));
  });

  it.each([-1, 65_535, NaN, Infinity])('not %d', (code) => expect(codes.isSendable(code)).toBe(false));

  it('covers every code of ours but the two that are local', () => {
    const ours = Object.entries(codes).filter(([name, value]) => name.startsWith('CLOSE_') && typeof value === 'number');
    expect(ours).toHaveLength(16);
    const local = ours.filter(([, code]) => !codes.isSendable(code as number)).map(([name]) => name);
    expect(local.toSorted()).toEqual(['CLOSE_LOST', 'CLOSE_NO_CODE']);
  });
});

describe('passedOn', () => {
  it.each([
    [1000, 1000],
    [4400, 4400],
    [4411, 4411],
    [1012, 1012],
    [1001, 4410],
    [1004, 4410],
    [1005, 4410],
    [1006, 4410],
    [1015, 4410],
    [2_999, 4410],
    [5_000, 4410],
  ])('%i as %i', (code, passed) => {
    expect(codes.passedOn({ code, violation: false })).toBe(passed);
    expect(codes.passedOn({ code, violation: true })).toBe(codes.CLOSE_PEER_LOST);
  });

  it('is always a code that may be sent', () => {
    const ends = fc.record({ code: fc.integer({ min: -1, max: 70_000 }), violation: fc.boolean() });
    forAll(ends, (end) => expect(codes.isSendable(codes.passedOn(end))).toBe(true));
  });
});

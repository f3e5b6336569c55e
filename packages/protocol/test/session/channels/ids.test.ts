// Ids go upwards, wrap, and are given to one channel at a time.
import { describe, expect, it } from 'vitest';
import { ChannelIds, isIdOf } from '../../../src/session/channels/ids.ts';

const none = new Set<number>();

describe('ids', () => {
  it.each([
    ['service', [1, 3, 5]],
    ['device', [2, 4, 6]],
  ] as const)('of a %s', (role, expected) => {
    const ids = new ChannelIds(role);
    expect(expected.map(() => ids.take(none))).toEqual(expected);
  });

  it.each([
    ['service', 16_777_213, [16_777_213, 16_777_215, 1, 3]],
    ['device', 16_777_212, [16_777_212, 16_777_214, 2, 4]],
  ] as const)('of a %s wrap after 24 bits', (role, next, expected) => {
    const ids = new ChannelIds(role, next);
    expect(expected.map(() => ids.take(none))).toEqual(expected);
  });

  it('that are in use are left out, at the wrap too', () => {
    const ids = new ChannelIds('service', 16_777_213);
    const inUse = new Set([16_777_213, 16_777_215, 1, 5]);
    expect([ids.take(inUse), ids.take(inUse), ids.take(none)]).toEqual([3, 7, 9]);
  });

  it('come again after all others: 8 million opens lie between two uses of an id', () => {
    const ids = new ChannelIds('service');
    const first = ids.take(none);
    let takes = 1;
    while (ids.take(none) !== first) takes += 1;
    expect(takes).toBe(2 ** 23);
  });

  it('are not used again at once, though they are free', () => {
    const ids = new ChannelIds('device');
    const taken = Array.from({ length: 100 }, () => ids.take(none));
    expect(new Set(taken).size).toBe(100);
  });

  it('belong to one side', () => {
    expect([1, 3, 16_777_215].map((id) => [isIdOf('service', id), isIdOf('device', id)])).toEqual(Array(3).fill([true, false]));
    expect([2, 16_777_214].map((id) => [isIdOf('service', id), isIdOf('device', id)])).toEqual(Array(2).fill([false, true]));
    expect([isIdOf('service', 0), isIdOf('device', 0)]).toEqual([false, false]);
  });
});

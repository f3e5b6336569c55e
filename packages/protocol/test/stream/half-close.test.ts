// The table of half-close.
import { describe, expect, it } from 'vitest';
import { afterFin, hasReceivedFin } from '../../src/stream/half-close.ts';

describe('afterFin', () => {
  it.each([
    ['open', 'sent', 'sent'],
    ['open', 'received', 'received'],
    ['sent', 'sent', 'sent'],
    ['sent', 'received', 'both'],
    ['received', 'received', 'received'],
    ['received', 'sent', 'both'],
    ['both', 'sent', 'both'],
    ['both', 'received', 'both'],
  ] as const)('%s, then a FIN %s: %s', (state, fin, next) => expect(afterFin(state, fin)).toBe(next));
});

describe('hasReceivedFin', () => {
  it.each([
    ['open', false],
    ['sent', false],
    ['received', true],
    ['both', true],
  ] as const)('%s: %s', (state, received) => expect(hasReceivedFin(state)).toBe(received));
});

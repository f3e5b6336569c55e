// The logger that says nothing.
import { expect, it } from 'vitest';
import { silentLogger } from '../../src/telemetry/logger.ts';

it('takes what any logger takes', () => {
  const levels = ['info', 'warn', 'error'] as const;
  for (const level of levels) expect(silentLogger[level]({ err: new Error('x') }, 'message')).toBeUndefined();
  expect(Object.keys(silentLogger).toSorted()).toEqual(levels.toSorted());
});

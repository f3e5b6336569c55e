// The logger that says nothing, and one that fails.
import { expect, it } from 'vitest';
import { guardedLogger } from '../../src/telemetry/guarded-logger.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';

it('takes what any logger takes', () => {
  const levels = ['info', 'warn', 'error'] as const;
  for (const level of levels) expect(silentLogger[level]({ err: new Error('x') }, 'message')).toBeUndefined();
  expect(Object.keys(silentLogger).toSorted()).toEqual(levels.toSorted());
});

it('C10 that throws is dropped, and the process is warned once', async () => {
  const warnings: string[] = [];
  const listen = (warning: Error): void => void (warning.name === 'StreamsWarning' && warnings.push(warning.message));
  process.on('warning', listen);
  const fails = (): never => {
    throw new RangeError('full');
  };
  const logger = guardedLogger({ info: fails, warn: fails, error: fails });
  for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]({}, 'message');
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', listen);
  expect(warnings).toEqual(['the logger fails, and what it is told is lost: RangeError: full']);
});

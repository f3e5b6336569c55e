// A promise and its two ends.
import { expect, it } from 'vitest';
import { deferred } from '../../src/async/deferred.ts';

it('resolves', async () => {
  const { promise, resolve } = deferred<number>();
  resolve(7);
  await expect(promise).resolves.toBe(7);
});

it('rejects', async () => {
  const { promise, reject } = deferred<number>();
  const error = new Error('no');
  reject(error);
  await expect(promise).rejects.toBe(error);
});

it('settles once', async () => {
  const { promise, resolve, reject } = deferred<string>();
  resolve('first');
  resolve('second');
  reject(new Error('third'));
  await expect(promise).resolves.toBe('first');
});

it('takes a promise as `resolve` does', async () => {
  const { promise, resolve } = deferred<Promise<string> | string>();
  resolve(Promise.resolve('inner'));
  await expect(promise).resolves.toBe('inner');
});

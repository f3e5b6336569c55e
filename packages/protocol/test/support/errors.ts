// What a call throws, as a StreamsError: anything else fails the test.
import { expect } from 'vitest';
import { StreamsError } from '../../src/errors/base.ts';

/** The typed error that `action` throws. */
export function errorOf(action: () => unknown): StreamsError {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(StreamsError);
  return thrown as StreamsError;
}

/** The typed error with which `promise` rejects. */
export async function rejectionOf(promise: Promise<unknown>): Promise<StreamsError> {
  const thrown: unknown = await promise.then(
    () => 'it resolved',
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(StreamsError);
  return thrown as StreamsError;
}

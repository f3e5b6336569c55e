// The base error: a literal code, the table's words or better ones, a cause, and a brand that other copies recognise.
import { inspect } from 'node:util';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { StreamsError } from '../../src/errors/base.ts';
import { ERRORS, type ErrorCode, type WireCode } from '../../src/errors/codes.ts';

describe('StreamsError', () => {
  it.each(Object.keys(ERRORS) as WireCode[])('%s', (wireCode) => {
    const error = new StreamsError(wireCode);
    expect(error).toBeInstanceOf(Error);
    expect(error.code).toBe(`STREAMS_${wireCode}`);
    expect(error.wireCode).toBe(wireCode);
    expect(error).toMatchObject({ name: 'StreamsError', message: ERRORS[wireCode].message, retryable: ERRORS[wireCode].retryable });
  });

  it('has empty fields by default', () => {
    const error = new StreamsError('CLOSED');
    expect([error.details, error.retryAfterMs, error.trackingId]).toEqual([{}, undefined, undefined]);
    expect('cause' in error).toBe(false);
  });

  it('carries what it is given', () => {
    const cause = new TypeError('behind it');
    const details = { field: 'x' };
    const error = new StreamsError('CLOSED', { message: 'own words', cause, details, retryAfterMs: 7, trackingId: 't' });
    expect(error).toMatchObject({ message: 'own words', details, retryAfterMs: 7, trackingId: 't' });
    expect(error.cause).toBe(cause);
    expect(Object.keys(error)).not.toContain('cause');
    expect(inspect(error)).toMatch(/^StreamsError: own words\n[\s\S]*STREAMS_CLOSED[\s\S]*behind it/);
  });

  it('takes the words of the table for none, but not for empty ones', () => {
    expect(new StreamsError('CLOSED', { message: undefined }).message).toBe(ERRORS.CLOSED.message);
    expect(new StreamsError('CLOSED', { message: '' }).message).toBe('');
  });

  it('has a code that TypeScript narrows', () => {
    expectTypeOf(new StreamsError('CLOSED').code).toEqualTypeOf<ErrorCode>();
    expectTypeOf<'STREAMS_DEVICE_NOT_CONNECTED'>().toExtend<ErrorCode>();
    expectTypeOf<'DEVICE_NOT_CONNECTED'>().not.toExtend<ErrorCode>();
  });

  it('starts its stack where it was made', () => {
    expect(new StreamsError('CLOSED').stack?.split('\n')[1]).toContain('base.test.ts');
  });
});

describe('StreamsError.is', () => {
  it('recognises the errors of another copy, which instanceof does not', async () => {
    vi.resetModules();
    const other = await import('../../src/errors/kinds.ts');
    const foreign = other.createError('DEVICE_NOT_CONNECTED');
    expect(foreign).not.toBeInstanceOf(StreamsError);
    expect(StreamsError.is(foreign)).toBe(true);
    const { StreamsError: Other } = await import('../../src/errors/base.ts');
    expect(Other.is(new StreamsError('CLOSED'))).toBe(true);
  });

  it.each([undefined, null, 'STREAMS_CLOSED', 7, Symbol.for('@streams/error'), {}, [], new Error('x'), { code: 'STREAMS_CLOSED' }])(
    'not %s',
    (value) => expect(StreamsError.is(value)).toBe(false),
  );

  it('does not show, and does not come back from JSON', () => {
    const error = new StreamsError('CLOSED', { details: { a: 1 } });
    expect(inspect(error)).not.toContain('@streams/error');
    expect(Object.getOwnPropertySymbols(Object.assign({}, error))).toEqual([]);
    expect(StreamsError.is(JSON.parse(JSON.stringify(error)))).toBe(false);
  });
});

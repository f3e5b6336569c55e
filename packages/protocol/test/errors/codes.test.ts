// The error table: every row is sane, and only its own keys are codes.
import { describe, expect, it } from 'vitest';
import { ERRORS, isWireCode, type WireCode } from '../../src/errors/codes.ts';

const codes = Object.keys(ERRORS) as WireCode[];
const entries = Object.entries(ERRORS);
/** sysexits.h, as far as we use it. */
const EXIT_CODES = [64, 65, 69, 70, 75, 76, 77, 78];
/** What an SDK says of its own calls; no hub sends it. */
const LOCAL: WireCode[] = [
  'ABORTED',
  'CHANNEL_RESET',
  'CLOSED',
  'CONNECT_FAILED',
  'INVALID_ARGUMENT',
  'INVALID_CONFIGURATION',
  'INVALID_STATE',
  'REPLACED',
  'STREAM_IDLE',
  'STREAM_TERMINATED',
  'TLS_FAILED',
  'UNTRUSTED_ENDPOINT',
];

describe('the error table', () => {
  it.each(entries)('%s', (code, { message, retryable, httpStatus, exitCode }) => {
    expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)*$/);
    expect(message).toMatch(/^[a-zA-Z].{9,140}\S$/);
    expect(typeof retryable).toBe('boolean');
    expect(EXIT_CODES).toContain(exitCode);
    if (httpStatus !== undefined) expect(httpStatus >= 400 && httpStatus <= 504).toBe(true);
  });

  it('has an HTTP status for all that a hub says, and for nothing else', () => {
    expect(codes.filter((code) => ERRORS[code].httpStatus === undefined).toSorted()).toEqual(LOCAL);
  });

  it('says of every fault of a server and of every limit, and of no fault of a client but absence, that it may pass', () => {
    const limits = entries.filter(([, { httpStatus }]) => httpStatus === 429);
    expect(limits.map(([, { retryable }]) => retryable)).toEqual([true, true, true, true]);
    const others = entries.filter(([, { httpStatus = 0, retryable }]) => retryable && httpStatus < 500 && httpStatus !== 429);
    const passing = ['CHANNEL_RESET', 'CONNECT_FAILED', 'DEVICE_NOT_CONNECTED', 'STREAM_EXPIRED', 'STREAM_IDLE', 'STREAM_TERMINATED'];
    expect(others.map(([code]) => code).toSorted()).toEqual(passing);
    const faults = entries.filter(([, { httpStatus = 0 }]) => httpStatus >= 500);
    expect(faults.length).toBeGreaterThan(3);
    expect(faults.filter(([, { retryable }]) => !retryable)).toEqual([]);
  });

  it('tells a wrong key, an offline device and a rejected request apart, in HTTP, by exit code and in words', () => {
    const three = [ERRORS.UNAUTHENTICATED, ERRORS.DEVICE_NOT_CONNECTED, ERRORS.STREAM_REJECTED];
    for (const field of ['httpStatus', 'exitCode', 'message'] as const) expect(new Set(three.map((entry) => entry[field])).size).toBe(3);
  });

  it('has no two rows with the same words', () => {
    expect(new Set(entries.map(([, { message }]) => message)).size).toBe(entries.length);
  });
});

describe('isWireCode', () => {
  it('is true for the keys of the table', () => expect(codes.every(isWireCode)).toBe(true));

  it.each(['', 'toString', 'constructor', '__proto__', 'STREAMS_CLOSED', 'closed', undefined, null, 7, ['CLOSED'], {}])(
    'not for %j',
    (value) => expect(isWireCode(value)).toBe(false),
  );
});

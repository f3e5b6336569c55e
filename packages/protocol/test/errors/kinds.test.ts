// The errors with fields of their own, and the one way to make an error from a wire code.
import { describe, expect, it } from 'vitest';
import { StreamsError } from '../../src/errors/base.ts';
import { ERRORS, type WireCode } from '../../src/errors/codes.ts';
import {
  AuthenticationError,
  ChannelResetError,
  createError,
  DeviceNotConnectedError,
  ReplacedError,
  SessionError,
  StreamRejectedError,
  StreamTerminatedError,
  StreamTimeoutError,
} from '../../src/errors/kinds.ts';

const CLASSES: Partial<Record<WireCode, { readonly name: string }>> = {
  STREAM_REJECTED: StreamRejectedError,
  NO_HANDLER: StreamRejectedError,
  HANDLER_FAILED: StreamRejectedError,
  HANDSHAKE_TIMEOUT: StreamTimeoutError,
  UNAUTHENTICATED: AuthenticationError,
  DEVICE_NOT_CONNECTED: DeviceNotConnectedError,
  REPLACED: ReplacedError,
  CHANNEL_RESET: ChannelResetError,
  SESSION_LOST: SessionError,
};
const END = { reason: 'rebooting', closeCode: 4400, bytesRead: 5, bytesWritten: 7 };

describe('a channel that was reset', () => {
  it('says why, in the other side’s words if there are any', () => {
    const error = new ChannelResetError('UNREACHABLE', 'nothing listens');
    expect(error).toMatchObject({ resetCode: 'UNREACHABLE', reason: 'nothing listens' });
    expect(error.message).toBe('the channel was reset (UNREACHABLE): nothing listens');
    expect(new ChannelResetError('LIMIT', '').message).toBe('the channel was reset (LIMIT)');
    expect([ChannelResetError.is(error), ChannelResetError.is(new Error('no'))]).toEqual([true, false]);
  });

  it.each([
    ['TIMEOUT', 'TIMEOUT'],
    ['no code', 'INTERNAL'],
  ])('from a code in the details: %s', (resetCode, expected) => {
    const error = createError('CHANNEL_RESET', { details: { resetCode, reason: 'words' } });
    expect(error).toMatchObject({ resetCode: expected, reason: 'words' });
  });
});

describe('createError', () => {
  it.each(Object.keys(ERRORS) as WireCode[])('%s is of its class, and of no other', (wireCode) => {
    const error = createError(wireCode);
    const expected = CLASSES[wireCode] ?? StreamsError;
    expect(error.constructor).toBe(expected);
    expect(error).toBeInstanceOf(StreamsError);
    expect(error).toMatchObject({ name: expected.name, code: `STREAMS_${wireCode}`, retryable: ERRORS[wireCode].retryable });
    expect(StreamsError.is(error)).toBe(true);
  });

  it.each(Object.keys(ERRORS) as WireCode[])('%s keeps all that it is given', (wireCode) => {
    const options = { message: 'own words', cause: new Error('c'), details: { a: 1 }, retryAfterMs: 5, trackingId: 't' };
    expect(createError(wireCode, options)).toMatchObject(options);
  });

  it('takes the fields of the subclasses from the details', () => {
    expect(createError('NO_HANDLER', { details: { reason: 'busy' } })).toMatchObject({
      reason: 'busy',
      message: 'the device rejected the stream: busy',
    });
    const late = { phase: 'device-leg', timeoutMs: 5 };
    expect(createError('HANDSHAKE_TIMEOUT', { details: late })).toMatchObject({
      ...late,
      message: 'the device accepted but did not connect its side of the stream within 5 ms',
    });
  });

  it('takes no nonsense for them', () => {
    for (const reason of [undefined, null, 7, ['r'], { r: 1 }])
      expect(createError('STREAM_REJECTED', { details: { reason } })).toMatchObject({
        reason: '',
        message: ERRORS.STREAM_REJECTED.message,
      });
    for (const phase of [undefined, null, 7, 'toString', 'constructor', ''])
      expect(createError('HANDSHAKE_TIMEOUT', { details: { phase, timeoutMs: '5' } })).toMatchObject({ phase: 'answer', timeoutMs: 0 });
  });
});

describe('StreamTimeoutError', () => {
  it.each([
    ['answer', 'the device did not answer within 30000 ms'],
    ['device-leg', 'the device accepted but did not connect its side of the stream within 30000 ms'],
    ['service-leg', 'the service did not connect its side of the stream within 30000 ms'],
  ] as const)('%s', (phase, message) => expect(new StreamTimeoutError(phase, 30_000)).toMatchObject({ phase, timeoutMs: 30_000, message }));
});

describe('StreamTerminatedError', () => {
  it.each([
    ['local', 'the stream was ended by this side (4400): rebooting'],
    ['peer', 'the stream was ended by the other side (4400): rebooting'],
    ['hub', 'the stream was ended by the hub (4400): rebooting'],
    ['network', 'the stream was ended by the loss of the connection to the hub (4400): rebooting'],
  ] as const)('%s', (by, message) => {
    const error = new StreamTerminatedError({ by, ...END });
    expect(error).toMatchObject({ name: 'StreamTerminatedError', code: 'STREAMS_STREAM_TERMINATED', by, ...END, message });
  });

  it.each([
    [4412, 'STREAMS_STREAM_EXPIRED', 'maxStreamLifeMs', 'the stream has lived as long as the hub lets a stream live; open a new one'],
    [1013, 'STREAMS_OVERLOADED', 'maxQueuedBytes', 'the hub has too much to do'],
    [4413, 'STREAMS_STREAM_IDLE', 'maxStreamIdleMs', 'the stream carried nothing for as long as the hub lets a stream be idle'],
  ])('%i is a limit of the hub, with its code and words', (closeCode, code, limit, words) => {
    const error = new StreamTerminatedError({ by: 'hub', ...END, closeCode, reason: '' });
    expect(error).toMatchObject({ name: 'StreamTerminatedError', code, retryable: true, closeCode, details: { limit } });
    expect(error.message).toBe(`the stream was ended by the hub (${closeCode}): ${words}`);
  });

  it('without a reason', () => {
    expect(new StreamTerminatedError({ by: 'hub', ...END, reason: '' }).message).toBe('the stream was ended by the hub (4400)');
  });
});

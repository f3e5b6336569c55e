// Frames of a session: what is made comes back, in any company, and what is none is refused. The vectors are for other languages.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isResetCode, RESET_CODES, type ResetCode, resetCodeOf } from '../../src/wire/reset-codes.ts';
import {
  decodeSessionFrames,
  encodeSessionFrame,
  markSessionData,
  SESSION_FRAME_TYPES,
  type SessionFrame,
} from '../../src/wire/session-frames.ts';
import { errorOf } from '../support/errors.ts';
import { forAll } from '../support/for-all.ts';
import { unicode } from '../support/unicode.ts';

const ids = fc.oneof(fc.integer({ min: 1, max: 16_777_215 }), fc.constantFrom(1, 2, 255, 256, 65_535, 65_536, 16_777_214, 16_777_215));
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const codes = fc.constantFrom(...(Object.keys(RESET_CODES) as ResetCode[]).filter((code) => code !== 'SESSION_LOST'));
const endings = fc.constantFrom({ eof: false, blocked: false }, { eof: true, blocked: false }, { eof: false, blocked: true });
const frames: fc.Arbitrary<SessionFrame> = fc.oneof(
  fc.tuple(ids, bytes, endings).map(([channel, payload, ending]) => ({ type: 'data' as const, channel, payload, ...ending })),
  fc.record({ type: fc.constantFrom('open' as const, 'accept' as const), channel: ids, metadata: bytes }),
  fc.record({ type: fc.constant('credit' as const), channel: ids, bytes: fc.integer({ min: 1, max: 0xffff_ffff }) }),
  fc.record({ type: fc.constant('reset' as const), channel: ids, code: codes, reason: unicode({ maxLength: 40 }) }),
  fc.constant({ type: 'end' as const }),
);

const encode = (list: readonly SessionFrame[]): Buffer => Buffer.concat(list.map(encodeSessionFrame));

describe('round trip', () => {
  it('any frames, one after the other in a message', () => {
    forAll(fc.array(frames, { maxLength: 12 }), (list) => expect(decodeSessionFrames(encode(list))).toEqual(list), 300);
  });

  it('a frame that is cut anywhere is refused', () => {
    forAll(fc.tuple(frames, fc.nat()), ([frame, at]) => {
      const whole = encode([frame]);
      const cut = whole.subarray(0, 1 + (at % (whole.length - 1)));
      if (cut.length < whole.length) expect(errorOf(() => decodeSessionFrames(cut)).code).toBe('STREAMS_BAD_REQUEST');
    });
  });

  it('any bytes are frames or refused, never anything else', () => {
    forAll(
      fc.uint8Array({ maxLength: 64 }),
      (any) => {
        try {
          expect(encode(decodeSessionFrames(any)).length).toBeLessThanOrEqual(any.length + 3 * 64);
        } catch (error) {
          expect(error).toMatchObject({ code: 'STREAMS_BAD_REQUEST' });
        }
      },
      500,
    );
  });

  it('what was received is a view, what is sent is not', () => {
    const message = encode([{ type: 'data', channel: 1, payload: Buffer.from('abc'), eof: false, blocked: false }]);
    const [frame] = decodeSessionFrames(message);
    message[8] = 0x58;
    expect(frame).toMatchObject({ payload: Buffer.from('Xbc') });
    const metadata = Buffer.from('mine');
    const open = encodeSessionFrame({ type: 'open', channel: 1, metadata });
    metadata.fill(0);
    expect(String(Buffer.from(open.subarray(8)))).toBe('mine');
  });

  it('a header alone says the same as a frame', () => {
    const target = new Uint8Array(12).fill(0xee);
    markSessionData(target, 2, 0xabcdef, 0x1234_5678, true, false);
    expect(Buffer.from(target).toString('hex')).toBe('eeee81abcdef12345678eeee');
  });
});

describe('a reason', () => {
  it('is cut to 512 bytes, not within a character', () => {
    const [frame] = decodeSessionFrames(encodeSessionFrame({ type: 'reset', channel: 1, code: 'ABORTED', reason: '€'.repeat(300) }));
    expect(frame).toMatchObject({ reason: '€'.repeat(170) });
  });
});

describe('reset codes', () => {
  it('those of later versions count as INTERNAL, the local one is none', () => {
    expect([9, 700, 65_535].map(resetCodeOf)).toEqual(['INTERNAL', 'INTERNAL', 'INTERNAL']);
    expect(resetCodeOf(8)).toBeUndefined();
    expect([isResetCode('LIMIT'), isResetCode('toString'), isResetCode(4)]).toEqual([true, false, false]);
  });
});

interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly frames?: readonly Record<string, unknown>[];
  readonly read?: readonly Record<string, unknown>[];
  readonly refused?: string;
}

describe('docs/vectors/session-frames.json', () => {
  const path = new URL('../../../../docs/vectors/session-frames.json', import.meta.url);
  const { vectors } = JSON.parse(readFileSync(path, 'utf8')) as { vectors: readonly Vector[] };
  const good = vectors.filter(({ frames: list }) => list);
  const bad = vectors.filter(({ refused }) => refused);

  it.each(good)('$name', ({ hex, frames: list = [] }) => {
    expect(decodeSessionFrames(Buffer.from(hex, 'hex')).map(shown)).toEqual(list);
    expect(encode(list.map(frameOf)).toString('hex')).toBe(hex);
  });

  it.each(vectors.filter(({ read: list }) => list))('read: $name', ({ hex, read: list }) => {
    expect(decodeSessionFrames(Buffer.from(hex, 'hex')).map(shown)).toEqual(list);
  });

  it.each(bad)('refused: $name', ({ hex, refused }) => {
    const error = errorOf(() => decodeSessionFrames(Buffer.from(hex, 'hex')));
    expect([error.code, error.message]).toEqual(['STREAMS_BAD_REQUEST', refused]);
  });

  it('shows every type', () => {
    const types = new Set(good.flatMap(({ frames: list = [] }) => list.map(({ type }) => type)));
    expect(types).toEqual(new Set(Object.keys(SESSION_FRAME_TYPES)));
    expect(good.length + bad.length).toBe(vectors.length - 3);
    expect(bad.length).toBeGreaterThan(10);
  });

  /** Bytes as hex, as they stand in JSON. */
  function shown(frame: SessionFrame): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(frame).map(([key, value]) => [key, value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value]),
    );
  }

  function frameOf(frame: Record<string, unknown>): SessionFrame {
    const bytesOf = (value: unknown): Buffer => Buffer.from(String(value), 'hex');
    const fields = { ...frame };
    for (const key of ['payload', 'metadata']) if (key in fields) fields[key] = bytesOf(fields[key]);
    return fields as unknown as SessionFrame;
  }
});

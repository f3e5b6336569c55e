// Frames of `streams.v1`: what is made comes back, at every size, and what is none is refused.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, finFrame, FRAME_HEADER_BYTES, markData } from '../../src/wire/frames.ts';
import { errorOf } from '../support/errors.ts';
import { forAll } from '../support/for-all.ts';

function dataFrame(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + payload.length).fill(0xee);
  markData(frame);
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

describe('data', () => {
  it.each([0, 1, 65_535, 65_536])('%i bytes', (size) => {
    const payload = Buffer.alloc(size, 0xa5);
    const frame = decodeFrame(dataFrame(payload));
    expect(frame).toMatchObject({ type: 'data' });
    expect(Buffer.compare((frame as { payload: Uint8Array }).payload, payload)).toBe(0);
  });

  it('any payload', () => {
    forAll(fc.uint8Array({ maxLength: 300 }), (payload) => expect(decodeFrame(dataFrame(payload))).toEqual({ type: 'data', payload }));
  });

  it('is a view into the message', () => {
    const message = dataFrame(Uint8Array.of(1, 2, 3));
    const frame = decodeFrame(message);
    message[2] = 9;
    expect(frame).toEqual({ type: 'data', payload: Uint8Array.of(1, 9, 3) });
  });

  it.each([65_537, 262_143])('not %i bytes', (size) => {
    const error = errorOf(() => decodeFrame(dataFrame(new Uint8Array(size))));
    expect(error.code).toBe('STREAMS_TOO_LARGE');
    expect(error.message).toContain(String(size));
  });
});

describe('fin', () => {
  it('round trip', () => expect(decodeFrame(finFrame())).toEqual({ type: 'fin' }));

  it('is a new array each time', () => {
    finFrame().fill(0xff);
    expect(finFrame()).toEqual(Uint8Array.of(1));
  });

  it('has no payload', () => expect(errorOf(() => decodeFrame(Uint8Array.of(1, 0))).code).toBe('STREAMS_BAD_REQUEST'));
});

describe('what is no frame', () => {
  it('is refused: empty, text', () => {
    for (const message of [new Uint8Array(0), '', '\0', '\u0001', 'text'])
      expect(errorOf(() => decodeFrame(message)).code).toBe('STREAMS_BAD_REQUEST');
  });

  it('is refused: every other type, however long', () => {
    for (let type = 2; type < 256; type += 1) {
      expect(errorOf(() => decodeFrame(Uint8Array.of(type))).message).toBe(`unknown frame type ${type}`);
      expect(errorOf(() => decodeFrame(new Uint8Array(100_000).fill(type))).code).toBe('STREAMS_BAD_REQUEST');
    }
  });
});

// The messages of the stream protocols (design section 5). `streams.v1`: binary, one frame each, its first byte the type. `raw`: bytes.
import { createError } from '../errors/kinds.ts';
import { MAX_FRAME_PAYLOAD_BYTES } from './limits.ts';

const DATA = 0x00;
const FIN = 0x01;

/** Bytes that a frame adds to its payload. */
export const FRAME_HEADER_BYTES = 1;

/** A frame as it was received. `payload` is a view into the message. */
export type Frame = { readonly type: 'data'; readonly payload: Uint8Array } | { readonly type: 'fin' };

/** The half-close: nothing follows in this direction. A new array each time, since a leg takes over what it sends. */
export function finFrame(): Uint8Array {
  return Uint8Array.of(FIN);
}

/** Makes `frame` a data frame; its payload, from {@link FRAME_HEADER_BYTES} on, is the caller's to fill. */
export function markData(frame: Uint8Array): void {
  frame[0] = DATA;
}

/**
 * Reads a message as a frame.
 * @throws `STREAMS_BAD_REQUEST` for what is none, `STREAMS_TOO_LARGE` for too large a payload.
 */
export function decodeFrame(message: Uint8Array | string): Frame {
  if (typeof message === 'string') throw createError('BAD_REQUEST', { message: 'a stream carries binary messages only' });
  const payloadBytes = message.length - FRAME_HEADER_BYTES;
  switch (message[0]) {
    case DATA:
      if (payloadBytes > MAX_FRAME_PAYLOAD_BYTES) {
        throw createError('TOO_LARGE', { message: `a data frame holds at most ${MAX_FRAME_PAYLOAD_BYTES} bytes, found ${payloadBytes}` });
      }
      return { type: 'data', payload: message.subarray(FRAME_HEADER_BYTES) };
    case FIN:
      if (payloadBytes > 0) throw createError('BAD_REQUEST', { message: 'a FIN frame has no payload' });
      return { type: 'fin' };
    default:
      throw createError('BAD_REQUEST', { message: `unknown frame type ${message[0] ?? '(empty message)'}` });
  }
}

/**
 * Reads a message of a `raw` stream: all of it is payload.
 * @throws `STREAMS_BAD_REQUEST` for text.
 */
export function decodeRaw(message: Uint8Array | string): Frame {
  if (typeof message === 'string') throw createError('BAD_REQUEST', { message: 'a stream carries binary messages only' });
  return { type: 'data', payload: message };
}

// The frames of a session, byte by byte (docs/protocol.md, section "Session frames and channels"): what channels say to each other inside FRAMES messages.
import { createError } from '../errors/kinds.ts';
import { MAX_CHANNEL_ID, MAX_CHANNEL_METADATA_BYTES } from './channel-limits.ts';
import { cutUtf8 } from './encode.ts';
import { MAX_REASON_BYTES } from './limits.ts';
import { RESET_CODES, type ResetCode, resetCodeOf } from './reset-codes.ts';

/** Type and flags, channel, length of the payload. */
export const SESSION_FRAME_HEADER_BYTES = 8;

/** First byte of a frame, without flags. */
export const SESSION_FRAME_TYPES = { data: 1, open: 2, accept: 3, credit: 4, reset: 5, end: 6 } as const;

const EOF = 0x80;
const BLOCKED = 0x40;
const CREDIT_BYTES = 4;
const RESET_CODE_BYTES = 2;
const NONE = new Uint8Array(0);

/** A frame as it was received, or as it is to be sent. Bytes that were received are views into the message. */
export type SessionFrame =
  | {
      readonly type: 'data';
      readonly channel: number;
      readonly payload: Uint8Array;
      /** The last frame of this direction. */
      readonly eof: boolean;
      /** The sender has more, and has used up its credit. */
      readonly blocked: boolean;
    }
  | { readonly type: 'open' | 'accept'; readonly channel: number; readonly metadata: Uint8Array }
  | { readonly type: 'credit'; readonly channel: number; readonly bytes: number }
  | { readonly type: 'reset'; readonly channel: number; readonly code: ResetCode; readonly reason: string }
  | { readonly type: 'end' };

/** The header of a DATA frame with `payloadBytes`, written at `at`. */
export function markSessionData(
  target: Uint8Array,
  at: number,
  channel: number,
  payloadBytes: number,
  eof: boolean,
  blocked: boolean,
): void {
  writeHeader(target, at, SESSION_FRAME_TYPES.data | (eof ? EOF : 0) | (blocked ? BLOCKED : 0), channel, payloadBytes);
}

/** A whole frame. A reason is cut to 512 bytes. */
export function encodeSessionFrame(frame: SessionFrame): Uint8Array {
  switch (frame.type) {
    case 'data': {
      const bytes = frameOf('data', frame.channel, frame.payload);
      markSessionData(bytes, 0, frame.channel, frame.payload.length, frame.eof, frame.blocked);
      return bytes;
    }
    case 'open':
    case 'accept':
      return frameOf(frame.type, frame.channel, frame.metadata);
    case 'credit': {
      const bytes = frameOf('credit', frame.channel, new Uint8Array(CREDIT_BYTES));
      writeUint32(bytes, SESSION_FRAME_HEADER_BYTES, frame.bytes);
      return bytes;
    }
    case 'reset': {
      const code = RESET_CODES[frame.code];
      const reason = frame.reason === '' ? NONE : new TextEncoder().encode(cutUtf8(frame.reason, MAX_REASON_BYTES));
      const bytes = frameOf('reset', frame.channel, new Uint8Array(RESET_CODE_BYTES + reason.length));
      bytes.set([code >> 8, code & 0xff], SESSION_FRAME_HEADER_BYTES);
      bytes.set(reason, SESSION_FRAME_HEADER_BYTES + RESET_CODE_BYTES);
      return bytes;
    }
    default:
      return frameOf('end', 0, NONE);
  }
}

/**
 * The frames of one message, all of it.
 * @throws `STREAMS_BAD_REQUEST` for what is no frame.
 */
export function decodeSessionFrames(bytes: Uint8Array): SessionFrame[] {
  const frames: SessionFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < SESSION_FRAME_HEADER_BYTES) refuse(`a frame has a header of ${SESSION_FRAME_HEADER_BYTES} bytes`);
    const end = at + SESSION_FRAME_HEADER_BYTES + readUint32(bytes, at + 4);
    if (end > bytes.length) refuse('a frame does not straddle messages');
    frames.push(decodeFrame(bytes, at, end));
    at = end;
  }
  return frames;
}

function decodeFrame(bytes: Uint8Array, at: number, end: number): SessionFrame {
  const first = byteAt(bytes, at);
  const channel = (byteAt(bytes, at + 1) << 16) | (byteAt(bytes, at + 2) << 8) | byteAt(bytes, at + 3);
  const payload = bytes.subarray(at + SESSION_FRAME_HEADER_BYTES, end);
  const type = first & ~(EOF | BLOCKED);
  if (type === SESSION_FRAME_TYPES.end ? channel !== 0 : channel === 0) refuse(`frame type ${type} does not belong to channel ${channel}`);
  if (type === SESSION_FRAME_TYPES.data) return decodeData(first, channel, payload);
  if (type !== first) refuse(`frame type ${type} has no flags`);
  switch (type) {
    case SESSION_FRAME_TYPES.open:
    case SESSION_FRAME_TYPES.accept:
      if (payload.length > MAX_CHANNEL_METADATA_BYTES) refuse(`metadata has at most ${MAX_CHANNEL_METADATA_BYTES} bytes`);
      return { type: type === SESSION_FRAME_TYPES.open ? 'open' : 'accept', channel, metadata: payload };
    case SESSION_FRAME_TYPES.credit:
      return decodeCredit(channel, payload);
    case SESSION_FRAME_TYPES.reset:
      return decodeReset(channel, payload);
    case SESSION_FRAME_TYPES.end:
      if (payload.length > 0) refuse('END has no payload');
      return { type: 'end' };
    default:
      return refuse(`unknown frame type ${type}`);
  }
}

function decodeData(first: number, channel: number, payload: Uint8Array): SessionFrame {
  const [eof, blocked] = [(first & EOF) !== 0, (first & BLOCKED) !== 0];
  if (eof && blocked) refuse('what ends waits for no credit');
  return { type: 'data', channel, payload, eof, blocked };
}

function decodeCredit(channel: number, payload: Uint8Array): SessionFrame {
  if (payload.length !== CREDIT_BYTES) refuse(`CREDIT has ${CREDIT_BYTES} bytes`);
  const bytes = readUint32(payload, 0);
  if (bytes === 0) refuse('a credit of nothing');
  return { type: 'credit', channel, bytes };
}

function decodeReset(channel: number, payload: Uint8Array): SessionFrame {
  const text = payload.subarray(RESET_CODE_BYTES);
  if (payload.length < RESET_CODE_BYTES || text.length > MAX_REASON_BYTES)
    refuse(`RESET has a code and up to ${MAX_REASON_BYTES} bytes of reason`);
  const value = (byteAt(payload, 0) << 8) | byteAt(payload, 1);
  const code = resetCodeOf(value) ?? refuse(`RESET with code ${value}, which is never sent`);
  return { type: 'reset', channel, code, reason: new TextDecoder('utf-8', { ignoreBOM: true }).decode(text) };
}

function frameOf(type: keyof typeof SESSION_FRAME_TYPES, channel: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SESSION_FRAME_HEADER_BYTES + payload.length);
  writeHeader(bytes, 0, SESSION_FRAME_TYPES[type], channel, payload.length);
  bytes.set(payload, SESSION_FRAME_HEADER_BYTES);
  return bytes;
}

function writeHeader(target: Uint8Array, at: number, first: number, channel: number, payloadBytes: number): void {
  target[at] = first;
  target[at + 1] = (channel & MAX_CHANNEL_ID) >> 16;
  target[at + 2] = channel >> 8;
  target[at + 3] = channel;
  writeUint32(target, at + 4, payloadBytes);
}

function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return byteAt(bytes, at) * 0x100_0000 + ((byteAt(bytes, at + 1) << 16) | (byteAt(bytes, at + 2) << 8) | byteAt(bytes, at + 3));
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function refuse(message: string): never {
  throw createError('BAD_REQUEST', { message });
}

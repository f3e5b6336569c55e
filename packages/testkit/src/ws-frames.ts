// WebSocket frames as bytes (RFC 6455 section 5.2), written without any scruple: for tests of what a hub does with bad ones.
import { randomBytes } from 'node:crypto';
import type { Parsed } from './raw-reader.ts';

/** Opcodes of RFC 6455 section 11.8. */
export const OPCODE: Readonly<Record<'continuation' | 'text' | 'binary' | 'close' | 'ping' | 'pong', number>> = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
};

/** A frame to send. What is left out is as a decent client would have it. */
export interface FrameToSend {
  readonly opcode?: number;
  readonly payload?: Uint8Array | string;
  readonly fin?: boolean;
  /** The three reserved bits, 0 to 7; 4 is RSV1, "compressed". */
  readonly rsv?: number;
  readonly masked?: boolean;
  /** Stands in the header in place of the payload's length. */
  readonly declaredLength?: number | bigint;
}

/** A frame that came. */
export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly fin: boolean;
  readonly rsv: number;
  readonly masked: boolean;
}

/** The bytes of `frame`. */
export function encodeFrame(frame: FrameToSend): Buffer {
  const { opcode = OPCODE.binary, payload = '', fin = true, rsv = 0, masked = true } = frame;
  const body = Buffer.from(payload as Uint8Array);
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const [marker, extended] = encodeLength(BigInt(frame.declaredLength ?? body.length));
  const header = Buffer.from([first, (masked ? 0x80 : 0) | marker]);
  if (!masked) return Buffer.concat([header, extended, body]);
  const mask = randomBytes(4);
  applyMask(body, mask);
  return Buffer.concat([header, extended, mask, body]);
}

/** The payload of a close frame. */
export function closePayload(code: number, reason = ''): Buffer {
  const bytes = Buffer.from(`\0\0${reason}`);
  bytes.writeUInt16BE(code);
  return bytes;
}

/** Reads one frame off the start of `bytes`. */
export function parseFrame(bytes: Buffer): Parsed<Frame> {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const marker = second & 0x7f;
  const lengthEnd = 2 + (marker === 126 ? 2 : marker === 127 ? 8 : 0);
  if (bytes.length < lengthEnd) return undefined;
  const length = decodeLength(marker, bytes);
  const masked = second >= 0x80;
  const start = lengthEnd + (masked ? 4 : 0);
  if (bytes.length < start + length) return undefined;
  const payload = Buffer.from(bytes.subarray(start, start + length));
  if (masked) applyMask(payload, bytes.subarray(lengthEnd, start));
  return { value: { opcode: first & 0x0f, payload, fin: first >= 0x80, rsv: (first >> 4) & 7, masked }, used: start + length };
}

function encodeLength(length: bigint): [marker: number, extended: Buffer] {
  if (length < 126n) return [Number(length), Buffer.alloc(0)];
  const extended = Buffer.alloc(length <= 0xffffn ? 2 : 8);
  if (extended.length === 2) extended.writeUInt16BE(Number(length));
  else extended.writeBigUInt64BE(length);
  return [extended.length === 2 ? 126 : 127, extended];
}

function decodeLength(marker: number, bytes: Buffer): number {
  if (marker === 126) return bytes.readUInt16BE(2);
  return marker === 127 ? Number(bytes.readBigUInt64BE(2)) : marker;
}

function applyMask(payload: Buffer, mask: Buffer): void {
  for (let i = 0; i < payload.length; i += 1) payload[i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
}

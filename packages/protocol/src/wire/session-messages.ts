// The messages of a session (docs/protocol.md, "Messages"): binary, big-endian, the first byte is the kind.
import { cutUtf8 } from './encode.ts';
import { fail } from './guards.ts';
import { MAX_FAIL_TEXT_BYTES, MAX_PING_TOKEN_BYTES, MAX_SESSION_MESSAGE_BYTES } from './limits.ts';
import { decodeHello, type Hello, HELLO_KIND } from './session-hello.ts';

const PROOF = 2;
const FRAMES = 3;
const ACK = 4;
const PING = 5;
const PONG = 6;
const FAIL = 7;
const DRAIN = 8;
/** From here kinds may be added without a new version: who does not know one ignores it. */
const FIRST_IGNORABLE = 0x80;
const ASK = 1;
const PROOF_BYTES = 39;
const ACK_BYTES = 8;
const DRAIN_BYTES = 5;

/** Bytes in front of the frames of a message. */
export const FRAMES_HEADER_BYTES = 8;
/** Positions are counted in 48 bits. */
export const MAX_POSITION: number = 2 ** 48 - 1;

/** A message as it was received. Arrays are views into it, except those of `hello`. */
export type SessionMessage =
  | { readonly kind: 'hello'; readonly hello: Hello }
  /** `received`: the frame bytes that the sender of the proof has received; the peer sends on from there. */
  | { readonly kind: 'proof'; readonly received: number; readonly mac: Uint8Array }
  /** `offset`: the frame bytes that went before, in this direction. `asks`: for an ACK at once. */
  | { readonly kind: 'frames'; readonly asks: boolean; readonly offset: number; readonly frames: Uint8Array }
  | { readonly kind: 'ack'; readonly received: number }
  | { readonly kind: 'ping' | 'pong'; readonly token: Uint8Array }
  | { readonly kind: 'fail'; readonly code: number; readonly text: string }
  | { readonly kind: 'drain'; readonly afterMs: number };

/** Fills the first {@link FRAMES_HEADER_BYTES} of `message`. */
export function markFrames(message: Uint8Array, offset: number, asks: boolean): void {
  message[0] = FRAMES;
  message[1] = asks ? ASK : 0;
  writeU48(message, 2, offset);
}

/** True for a FRAMES message that asks for an ACK. */
export function asksForAck(message: Uint8Array): boolean {
  return ((message[1] ?? 0) & ASK) !== 0;
}

export function encodeProof(received: number, mac: Uint8Array): Uint8Array {
  const message = new Uint8Array(PROOF_BYTES);
  message[0] = PROOF;
  writeU48(message, 1, received);
  message.set(mac, 7);
  return message;
}

export function encodeAck(received: number): Uint8Array {
  const message = new Uint8Array(ACK_BYTES);
  message[0] = ACK;
  writeU48(message, 2, received);
  return message;
}

export function encodePing(kind: 'ping' | 'pong', token: Uint8Array): Uint8Array {
  const message = new Uint8Array(1 + token.length);
  message[0] = kind === 'ping' ? PING : PONG;
  message.set(token, 1);
  return message;
}

/** `text` is cut at {@link MAX_FAIL_TEXT_BYTES}, on a character. */
export function encodeFail(code: number, text: string): Uint8Array {
  return Uint8Array.of(FAIL, code >> 8, code, ...new TextEncoder().encode(cutUtf8(text, MAX_FAIL_TEXT_BYTES)));
}

export function encodeDrain(afterMs: number): Uint8Array {
  const message = new Uint8Array(DRAIN_BYTES);
  message[0] = DRAIN;
  new DataView(message.buffer).setUint32(1, afterMs);
  return message;
}

/**
 * Reads a message; `undefined` for a kind that is to be ignored.
 * @throws `STREAMS_BAD_REQUEST` that names what is wrong.
 */
export function decodeSessionMessage(message: Uint8Array): SessionMessage | undefined {
  if (message.length === 0 || message.length > MAX_SESSION_MESSAGE_BYTES) {
    fail('message', `1 to ${MAX_SESSION_MESSAGE_BYTES} bytes`, message.length);
  }
  const kind = message[0] as number;
  switch (kind) {
    case HELLO_KIND:
      return { kind: 'hello', hello: decodeHello(message) };
    case PROOF:
      exactly('proof', PROOF_BYTES, message);
      return { kind: 'proof', received: readU48(message, 1), mac: message.subarray(7) };
    case FRAMES:
      if (message.length < FRAMES_HEADER_BYTES) fail('frames', `at least ${FRAMES_HEADER_BYTES} bytes`, message.length);
      return { kind: 'frames', asks: asksForAck(message), offset: readU48(message, 2), frames: message.subarray(FRAMES_HEADER_BYTES) };
    case ACK:
      exactly('ack', ACK_BYTES, message);
      return { kind: 'ack', received: readU48(message, 2) };
    case PING:
      return { kind: 'ping', token: tokenOf(message) };
    case PONG:
      return { kind: 'pong', token: tokenOf(message) };
    default:
      return kind < FIRST_IGNORABLE ? decodeRare(kind, message) : undefined;
  }
}

function decodeRare(kind: number, message: Uint8Array): SessionMessage {
  if (kind === DRAIN) {
    exactly('drain', DRAIN_BYTES, message);
    return { kind: 'drain', afterMs: new DataView(message.buffer, message.byteOffset).getUint32(1) };
  }
  if (kind !== FAIL) fail('message.kind', '1 to 8, or 128 to 255', kind);
  if (message.length < 3 || message.length > 3 + MAX_FAIL_TEXT_BYTES) fail('fail', `3 to ${3 + MAX_FAIL_TEXT_BYTES} bytes`, message.length);
  const code = new DataView(message.buffer, message.byteOffset).getUint16(1);
  // Text for people: what is no UTF-8 in it shows as U+FFFD.
  return { kind: 'fail', code, text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(message.subarray(3)) };
}

function tokenOf(message: Uint8Array): Uint8Array {
  if (message.length > 1 + MAX_PING_TOKEN_BYTES) fail('token', `at most ${MAX_PING_TOKEN_BYTES} bytes`, message.length - 1);
  return message.subarray(1);
}

function exactly(path: string, bytes: number, message: Uint8Array): void {
  if (message.length !== bytes) fail(path, `${bytes} bytes`, message.length);
}

function writeU48(bytes: Uint8Array, at: number, value: number): void {
  let rest = value;
  for (let i = at + 5; i >= at; i -= 1) {
    bytes[i] = rest;
    rest = Math.floor(rest / 256);
  }
}

function readU48(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 6; i += 1) value = value * 256 + (bytes[i] as number);
  return value;
}

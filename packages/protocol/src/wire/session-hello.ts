// HELLO, the first message on every leg of a session (docs/protocol.md, "Messages"): who speaks, for which session, and what it can take.
import { fail } from './guards.ts';
import { MAX_HELLO_BYTES, MIN_INITIAL_WINDOW_BYTES, MIN_SESSION_MESSAGE_BYTES } from './limits.ts';

/** The two ends of a session. */
export type SessionRole = 'service' | 'device';

/** The version of the session protocol that this code speaks. */
export const SESSION_VERSION = 1;
export const HELLO_NONCE_BYTES = 16;
/** An X25519 public key. */
export const SESSION_KEY_BYTES = 32;

/** A field of HELLO that a later version may add; unknown ones are ignored. */
interface HelloExtension {
  readonly type: number;
  readonly value: Uint8Array;
}

/** What HELLO says. */
export interface Hello {
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly role: SessionRole;
  /** Channel 1 is there from the start, without OPEN and ACCEPT. */
  readonly implicitChannel: boolean;
  /** A bit set; those that count are set at both ends. None are defined yet. */
  readonly capabilities: number;
  /** How many legs this end has had for this session, this one included. */
  readonly epoch: number;
  readonly sessionId: Uint8Array;
  readonly nonce: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly initialWindowBytes: number;
  readonly maxMessageBytes: number;
  readonly maxChannels: number;
  /** How long this end keeps the session without a leg. */
  readonly resumeSeconds: number;
  readonly extensions: readonly HelloExtension[];
}

export const HELLO_KIND = 1;
const IMPLICIT_CHANNEL = 1;
const ROLES: readonly SessionRole[] = ['service', 'device'];
const FIXED_BYTES = 92;
const EXTENSION_HEADER_BYTES = 4;

/** The byte that stands for a role, in HELLO and under the proof. */
export function roleByte(role: SessionRole): number {
  return ROLES.indexOf(role);
}

/** The bytes of a HELLO. */
export function encodeHello(hello: Hello): Uint8Array {
  const extensionBytes = hello.extensions.reduce((sum, { value }) => sum + EXTENSION_HEADER_BYTES + value.length, 0);
  const message = new Uint8Array(FIXED_BYTES + extensionBytes);
  const view = new DataView(message.buffer);
  message.set([HELLO_KIND, hello.minVersion, hello.maxVersion, roleByte(hello.role)]);
  view.setUint16(4, hello.implicitChannel ? IMPLICIT_CHANNEL : 0);
  view.setUint32(6, hello.capabilities);
  view.setUint32(10, hello.epoch);
  message.set(hello.sessionId, 14);
  message.set(hello.nonce, 30);
  message.set(hello.publicKey, 46);
  view.setUint32(78, hello.initialWindowBytes);
  view.setUint32(82, hello.maxMessageBytes);
  view.setUint32(86, hello.maxChannels);
  view.setUint16(90, hello.resumeSeconds);
  let at = FIXED_BYTES;
  for (const { type, value } of hello.extensions) {
    view.setUint16(at, type);
    view.setUint16(at + 2, value.length);
    message.set(value, at + EXTENSION_HEADER_BYTES);
    at += EXTENSION_HEADER_BYTES + value.length;
  }
  return message;
}

/**
 * Reads a HELLO; the arrays in it are copies.
 * @throws `STREAMS_BAD_REQUEST` that names the field.
 */
export function decodeHello(message: Uint8Array): Hello {
  if (message.length < FIXED_BYTES || message.length > MAX_HELLO_BYTES) {
    fail('hello', `${FIXED_BYTES} to ${MAX_HELLO_BYTES} bytes`, message.length);
  }
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const minVersion = atLeast('hello.minVersion', 1, view.getUint8(1));
  const role = ROLES[view.getUint8(3)];
  return {
    minVersion,
    maxVersion: atLeast('hello.maxVersion', minVersion, view.getUint8(2)),
    role: role ?? fail('hello.role', '0 or 1', view.getUint8(3)),
    implicitChannel: (view.getUint16(4) & IMPLICIT_CHANNEL) !== 0,
    capabilities: view.getUint32(6),
    epoch: atLeast('hello.epoch', 1, view.getUint32(10)),
    sessionId: new Uint8Array(message.subarray(14, 30)),
    nonce: new Uint8Array(message.subarray(30, 46)),
    publicKey: new Uint8Array(message.subarray(46, 78)),
    initialWindowBytes: atLeast('hello.initialWindow', MIN_INITIAL_WINDOW_BYTES, view.getUint32(78)),
    maxMessageBytes: atLeast('hello.maxMessage', MIN_SESSION_MESSAGE_BYTES, view.getUint32(82)),
    maxChannels: atLeast('hello.maxChannels', 1, view.getUint32(86)),
    resumeSeconds: view.getUint16(90),
    extensions: extensionsOf(message, view),
  };
}

function extensionsOf(message: Uint8Array, view: DataView): HelloExtension[] {
  const extensions: HelloExtension[] = [];
  let at = FIXED_BYTES;
  while (at < message.length) {
    const left = message.length - at - EXTENSION_HEADER_BYTES;
    if (left < 0) fail('hello.extensions', 'whole extensions', message.length);
    const valueBytes = view.getUint16(at + 2);
    if (valueBytes > left) fail('hello.extensions', `an extension of at most ${left} bytes`, valueBytes);
    const from = at + EXTENSION_HEADER_BYTES;
    extensions.push({ type: view.getUint16(at), value: new Uint8Array(message.subarray(from, from + valueBytes)) });
    at = from + valueBytes;
  }
  return extensions;
}

function atLeast(path: string, least: number, value: number): number {
  return value >= least ? value : fail(path, `at least ${least}`, value);
}

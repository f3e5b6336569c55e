// The vectors of docs/vectors, which an implementer in another language runs too: messages, keys, proofs, and legs message by message.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { proofMac, sessionKey, sessionKeys } from '../../src/session/link/proof.ts';
import { encodeHello } from '../../src/wire/session-hello.ts';
import {
  decodeSessionMessage,
  encodeAck,
  encodeDrain,
  encodeFail,
  encodePing,
  encodeProof,
  FRAMES_HEADER_BYTES,
  markFrames,
  type SessionMessage,
} from '../../src/wire/session-messages.ts';
import { errorOf } from '../support/errors.ts';
import { runScenario, type Scenarios } from '../support/session-scenario.ts';

interface Messages {
  readonly valid: readonly { name: string; hex: string; message: object }[];
  readonly ignored: readonly { name: string; hex: string }[];
  readonly invalid: readonly { name: string; hex: string; path: string }[];
}

interface End {
  readonly privateKey: string;
  readonly publicKey: string;
}

interface Proofs {
  readonly sessionId: string;
  readonly service: End;
  readonly device: End;
  readonly key: string;
  readonly legs: readonly {
    readonly name: string;
    readonly helloService: string;
    readonly helloDevice: string;
    readonly transcript: string;
    readonly proofs: readonly { role: 'service' | 'device'; received: number; message: string }[];
  }[];
  readonly refusedPublicKeys: readonly { name: string; publicKey: string }[];
}

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../../../docs/vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

/** For titles that are not cut. */
function named<T extends { readonly name: string }>(entries: readonly T[]): [string, T][] {
  return entries.map((entry) => [entry.name, entry]);
}

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (array: Uint8Array): string => Buffer.from(array).toString('hex');

/** As the vectors show it: HELLO flat, arrays in hexadecimal. */
function shown(message: SessionMessage | undefined): unknown {
  const flat = message?.kind === 'hello' ? { kind: 'hello', ...message.hello } : message;
  return JSON.parse(JSON.stringify(flat, (_, value: unknown) => (value instanceof Uint8Array ? hex(value) : value)));
}

function written(message: SessionMessage): Uint8Array {
  switch (message.kind) {
    case 'hello':
      return encodeHello(message.hello);
    case 'proof':
      return encodeProof(message.received, message.mac);
    case 'frames': {
      const encoded = Buffer.concat([Buffer.alloc(FRAMES_HEADER_BYTES), message.frames]);
      markFrames(encoded, message.offset, message.asks);
      return encoded;
    }
    case 'ack':
      return encodeAck(message.received);
    case 'ping':
    case 'pong':
      return encodePing(message.kind, message.token);
    case 'fail':
      return encodeFail(message.code, message.text);
    case 'drain':
      return encodeDrain(message.afterMs);
  }
}

describe('session-messages.json', () => {
  const { valid, ignored, invalid } = vectors<Messages>('session-messages');

  it.each(named(valid))('%s', (name, { hex: text, message }) => {
    const read = decodeSessionMessage(bytes(text));
    expect(shown(read)).toEqual(message);
    // What a later version says is read, and never written.
    if (read && !/unknown|to come/.test(name)) expect(hex(written(read))).toBe(text);
  });

  it.each(named(ignored))('%s is ignored', (_, { hex: text }) => expect(decodeSessionMessage(bytes(text))).toBeUndefined());

  it.each(named(invalid))('%s is refused', (_, { hex: text, path }) => {
    expect(errorOf(() => decodeSessionMessage(bytes(text))).details).toMatchObject({ path });
  });
});

describe('session-proof.json', () => {
  const { sessionId, service, device, key, legs, refusedPublicKeys } = vectors<Proofs>('session-proof');

  it.each([
    ['service', service, device],
    ['device', device, service],
  ] as const)('the key of the %s, and that of the session', (role, own, peer) => {
    const keys = sessionKeys(bytes(own.privateKey));
    expect(hex(keys.publicKey)).toBe(own.publicKey);
    expect(hex(sessionKey(keys, role, bytes(peer.publicKey), bytes(sessionId)))).toBe(key);
  });

  it.each(named(legs))('%s', (_, { helloService, helloDevice, transcript, proofs }) => {
    const hellos = { service: bytes(helloService), device: bytes(helloDevice) };
    expect(createHash('sha256').update(hellos.service).update(hellos.device).digest('hex')).toBe(transcript);
    for (const { role, received, message } of proofs)
      expect(hex(encodeProof(received, proofMac(bytes(key), role, received, hellos)))).toBe(message);
  });

  it.each(named(refusedPublicKeys))('a public key of low order is refused: %s', (_, { publicKey }) => {
    const keys = sessionKeys(bytes(service.privateKey));
    expect(() => sessionKey(keys, 'service', bytes(publicKey), bytes(sessionId))).toThrow('low order');
  });
});

describe('session-resume.json', () => {
  const file = vectors<Scenarios>('session-resume');
  it.each(named(file.scenarios))('%s', (_, { steps }) => runScenario(file, steps));
});

// The messages of a session: what was encoded comes back, and whatever else comes is refused with a type.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamsError } from '../../src/errors/base.ts';
import { decodeHello, encodeHello, type Hello } from '../../src/wire/session-hello.ts';
import {
  asksForAck,
  decodeSessionMessage,
  encodeAck,
  encodeDrain,
  encodeFail,
  encodePing,
  encodeProof,
  markFrames,
  MAX_POSITION,
  type SessionMessage,
} from '../../src/wire/session-messages.ts';
import { errorOf } from '../support/errors.ts';
import { forAll } from '../support/for-all.ts';
import { unicode } from '../support/unicode.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const upTo = (max: number, min = 0): fc.Arbitrary<number> => fc.integer({ min, max });
const positions = fc.oneof(
  fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, MAX_POSITION),
  fc.maxSafeInteger().map((n) => Math.abs(n) % 2 ** 48),
);
const u32 = upTo(2 ** 32 - 1);
const hellos: fc.Arbitrary<Hello> = fc
  .record({
    versions: fc.tuple(upTo(255, 1), upTo(255, 1)),
    role: fc.constantFrom('service' as const, 'device' as const),
    implicitChannel: fc.boolean(),
    capabilities: u32,
    epoch: upTo(2 ** 32 - 1, 1),
    sessionId: bytes(16),
    nonce: bytes(16),
    publicKey: bytes(32),
    initialWindowBytes: upTo(2 ** 32 - 1, 65_536),
    maxMessageBytes: upTo(2 ** 32 - 1, 16_384),
    maxChannels: upTo(2 ** 32 - 1, 1),
    resumeSeconds: upTo(65_535),
    extensions: fc.array(fc.record({ type: upTo(65_535), value: fc.uint8Array({ maxLength: 300 }) }), { maxLength: 10 }),
  })
  .map(({ versions, ...rest }) => ({ ...rest, minVersion: Math.min(...versions), maxVersion: Math.max(...versions) }));

/** Every kind, encoded, beside what it is to be read as. */
const messages: fc.Arbitrary<{ encoded: Uint8Array; read: SessionMessage }> = fc.oneof(
  hellos.map((hello) => ({ encoded: encodeHello(hello), read: { kind: 'hello' as const, hello } })),
  fc.tuple(positions, bytes(32)).map(([received, mac]) => ({
    encoded: encodeProof(received, mac),
    read: { kind: 'proof' as const, received, mac },
  })),
  fc.tuple(positions, fc.boolean(), fc.uint8Array({ maxLength: 200 })).map(([offset, asks, frames]) => {
    const encoded = Uint8Array.of(...new Uint8Array(8), ...frames);
    markFrames(encoded, offset, asks);
    return { encoded, read: { kind: 'frames' as const, asks, offset, frames } };
  }),
  positions.map((received) => ({ encoded: encodeAck(received), read: { kind: 'ack' as const, received } })),
  fc.tuple(fc.constantFrom('ping' as const, 'pong' as const), fc.uint8Array({ maxLength: 32 })).map(([kind, token]) => ({
    encoded: encodePing(kind, token),
    read: { kind, token },
  })),
  fc.tuple(upTo(65_535), unicode({ maxLength: 60 })).map(([code, text]) => ({
    encoded: encodeFail(code, text),
    read: { kind: 'fail' as const, code, text },
  })),
  u32.map((afterMs) => ({ encoded: encodeDrain(afterMs), read: { kind: 'drain' as const, afterMs } })),
);

describe('round trip', () => {
  it('every message, from an array of its own and from the middle of another', () => {
    forAll(
      messages,
      ({ encoded, read }) => {
        expect(decodeSessionMessage(encoded)).toEqual(read);
        const around = Uint8Array.of(255, 255, 255, ...encoded, 255);
        expect(decodeSessionMessage(around.subarray(3, -1))).toEqual(read);
        if (read.kind === 'frames') expect(asksForAck(encoded)).toBe(read.asks);
      },
      500,
    );
  });

  it('a HELLO outlives the buffer in which it came', () => {
    forAll(hellos, (hello) => {
      const encoded = encodeHello(hello);
      const read = decodeHello(encoded);
      encoded.fill(0xaa);
      expect(read).toEqual(hello);
    });
  });

  it('frames are a view, not a copy', () => {
    const encoded = new Uint8Array(10);
    markFrames(encoded, 0, false);
    const read = decodeSessionMessage(encoded);
    expect(read?.kind === 'frames' && read.frames.buffer === encoded.buffer).toBe(true);
  });

  it('the text of FAIL is cut on a character', () => {
    const read = decodeSessionMessage(encodeFail(1, `${'x'.repeat(511)}é`));
    expect(read).toEqual({ kind: 'fail', code: 1, text: 'x'.repeat(511) });
  });

  it('the text of FAIL may be no UTF-8', () => {
    expect(decodeSessionMessage(Uint8Array.of(7, 0, 1, 0xff, 0x41))).toEqual({ kind: 'fail', code: 1, text: '\uFFFDA' });
  });
});

describe('hostile bytes', () => {
  const typed = (message: Uint8Array): void => {
    try {
      decodeSessionMessage(message);
    } catch (error) {
      if (!StreamsError.is(error) || error.wireCode !== 'BAD_REQUEST') throw error;
    }
  };

  it('any bytes are read, ignored, or refused with a type', () => {
    const kinds = fc.integer({ min: 0, max: 12 });
    forAll(fc.uint8Array({ maxLength: 600 }), typed, 1_000);
    forAll(
      fc.tuple(kinds, fc.uint8Array({ maxLength: 600 })).map(([kind, rest]) => Uint8Array.of(kind, ...rest)),
      typed,
      1_000,
    );
  });

  it('so is any message that is cut, prolonged, or has a byte changed', () => {
    const spoilt = fc
      .tuple(messages, fc.nat(), fc.nat({ max: 255 }), fc.constantFrom('cut', 'longer', 'changed'))
      .map(([{ encoded }, at, byte, how]) => {
        if (how === 'cut') return encoded.subarray(0, at % encoded.length);
        if (how === 'longer') return Uint8Array.of(...encoded, byte);
        const copy = new Uint8Array(encoded);
        copy[at % copy.length] = byte;
        return copy;
      });
    forAll(spoilt, typed, 1_000);
  });

  it('kinds: 1 to 8 are known, from 128 they are ignored, the others are refused', () => {
    for (let kind = 0; kind < 256; kind += 1) {
      const message = new Uint8Array(100_000).fill(kind);
      if (kind >= 128) expect(decodeSessionMessage(message)).toBeUndefined();
      else if (kind === 0 || kind > 8) expect(errorOf(() => decodeSessionMessage(message)).details).toMatchObject({ path: 'message.kind' });
    }
  });

  it('sizes: 1 to 131,072 bytes', () => {
    for (const size of [0, 131_073])
      expect(errorOf(() => decodeSessionMessage(new Uint8Array(size).fill(3))).details).toMatchObject({ path: 'message' });
    expect(decodeSessionMessage(new Uint8Array(131_072).fill(3))).toMatchObject({ kind: 'frames' });
  });

  it('a HELLO of 4,096 bytes is read, with thousands of extensions', () => {
    const hello = new Uint8Array(4_096);
    hello.set(encodeHello(sample()));
    const read = decodeSessionMessage(hello);
    expect(read?.kind === 'hello' && read.hello.extensions.length).toBe((4_096 - 92) / 4);
    expect(errorOf(() => decodeSessionMessage(hello.subarray(0, 4_095))).details).toMatchObject({ path: 'hello.extensions' });
  });
});

function sample(): Hello {
  return fc.sample(hellos, { numRuns: 1, seed: 1 }).map((hello) => ({ ...hello, extensions: [] }))[0] as Hello;
}

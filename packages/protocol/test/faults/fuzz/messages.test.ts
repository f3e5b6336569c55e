// C3: messages that nobody should send: a decoder refuses with an error of the table, and so ends a stream that gets one.
import assert from 'node:assert/strict';
import { corpus, FakeClock, fuzz, FUZZ_SEED, observeFile, seededRandom, typed } from '@streams/testkit';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { StreamsError } from '../../../src/errors/base.ts';
import { createError } from '../../../src/errors/kinds.ts';
import { memoryLegPair } from '../../../src/leg/memory-leg.ts';
import { openSessionStream } from '../../../src/session/session-stream.ts';
import { DeviceStream } from '../../../src/stream/device-stream.ts';
import { decodeFrame, decodeRaw } from '../../../src/wire/frames.ts';
import { decodeSessionFrames } from '../../../src/wire/session-frames.ts';
import { decodeSessionMessage } from '../../../src/wire/session-messages.ts';

const FILE = 'packages/protocol/test/faults/fuzz/messages.test.ts';
observeFile();
const INFO = { id: 'AAECAwQFBgcICQoLDA0ODw', name: 'default', deviceId: 'pump-7' };

const u8 = fc.integer({ min: 0, max: 255 });
const bytes = fc.uint8Array({ maxLength: 40, size: 'max' });
const u32 = fc.oneof(fc.constantFrom(0, 1, 4, 0xff, 0xffff, 0x7fffffff, 0xffffffff), fc.nat(64));
/** A frame of a session: its length right, mostly. */
const sessionFrame = fc
  .tuple(fc.oneof(fc.constantFrom(1, 2, 3, 4, 5, 6, 0x81, 0x41, 0xc1), u8), fc.nat(3), bytes, fc.option(u32, { freq: 8 }))
  .map(([first, channel, payload, length]) => {
    const frame = Buffer.alloc(8 + payload.length);
    frame[0] = first;
    frame.writeUIntBE(channel, 1, 3);
    frame.writeUInt32BE(length ?? payload.length, 4);
    frame.set(payload, 8);
    return frame;
  });
const framesMessage = fc
  .tuple(fc.nat(1), fc.constantFrom(0, 0, 0, 1, 8, 2 ** 47), fc.array(sessionFrame, { maxLength: 3 }))
  .map(([flags, offset, frames]) => {
    const head = Buffer.from([3, flags, 0, 0, 0, 0, 0, 0]);
    head.writeUIntBE(offset, 2, 6);
    return Buffer.concat([head, ...frames]);
  });
const hello = fc
  .tuple(u8, u8, fc.nat(2), fc.array(fc.tuple(fc.nat(95), u8), { maxLength: 4 }), bytes)
  .map(([minVersion, maxVersion, role, changes, rest]) => {
    const message = Buffer.alloc(92);
    message.set([1, minVersion % 3, maxVersion % 4, role]);
    message.writeUInt32BE(1, 10);
    for (const at of [78, 82, 86]) message.writeUInt32BE(131_072, at);
    for (const [at, value] of changes) if (at < 92) message[at] = value;
    return Buffer.concat([message, rest]);
  });
const anyMessage = fc.oneof(
  { weight: 3, arbitrary: framesMessage },
  { weight: 2, arbitrary: hello },
  fc.tuple(fc.integer({ min: 0, max: 10 }), bytes).map(([kind, rest]) => Buffer.from([kind, ...rest])),
  sessionFrame,
  bytes.map((each) => Buffer.from(each)),
);

function decode(message: Uint8Array): void {
  typed(() => decodeSessionMessage(message));
  typed(() => decodeSessionFrames(message));
  typed(() => decodeFrame(message));
  typed(() => decodeRaw(message));
}

/** A stream that gets such messages ends with an error of the table, or waits. */
async function hear(messages: readonly Uint8Array[], isSession: boolean): Promise<void> {
  const clock = new FakeClock(0);
  const [own, other] = memoryLegPair(clock);
  const stream = isSession
    ? openSessionStream(own, INFO, { role: 'device', clock, random: seededRandom(1) }).stream
    : new DeviceStream(own, INFO, clock);
  stream.resume();
  other.resume();
  for (const message of messages) other.send(message);
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  if (stream.errored) assert(StreamsError.is(stream.errored), String(stream.errored));
  stream.destroy(createError('CLOSED'));
  other.terminate();
  own.terminate();
  await clock.advance(200_000);
  await stream.outcome;
}

describe(`messages of streams and sessions, seed ${FUZZ_SEED}`, () => {
  it.each(corpus(new URL('corpus/frames/', import.meta.url)))('C3 %s', async (_, text) => {
    const message = Buffer.from(text.toString().trim(), 'hex');
    decode(message);
    for (const isSession of [true, false]) await hear([message], isSession);
  });

  it('C3 30,000 are decoded, or refused with an error of the table', { timeout: 120_000 }, async () => {
    await fuzz({ file: FILE, inputs: 30_000, batch: 20, input: anyMessage, check: (all) => all.forEach(decode) });
  });

  it('C3 8,000 end a stream with an error of the table, or not at all', { timeout: 120_000 }, async () => {
    await fuzz({
      file: FILE,
      inputs: 8_000,
      batch: 4,
      input: anyMessage,
      check: async (all) => {
        await hear(all, true);
        await hear(all, false);
      },
    });
  });
});

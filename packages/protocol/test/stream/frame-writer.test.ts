// Chunks become frames of up to 64 KiB: split, put together, and handed over no faster than the leg takes them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Leg } from '../../src/leg/leg.ts';
import { FrameWriter } from '../../src/stream/frame-writer.ts';
import { framingOf } from '../../src/stream/framing.ts';
import { decodeFrame } from '../../src/wire/frames.ts';
import { forAll } from '../support/for-all.ts';

const KIB_64 = 65_536;
const HIGH_WATER = 262_144;

/** A leg that keeps what it is given, and flushes when it is told to. */
class KeepingLeg {
  bufferedBytes = 0;
  readonly frames: Uint8Array[] = [];
  readonly flushes: (() => void)[] = [];

  send(message: Uint8Array | string, flushed?: () => void): void {
    this.frames.push(message as Uint8Array);
    if (flushed) this.flushes.push(flushed);
  }

  get payloads(): Buffer[] {
    return this.frames.map((frame) => Buffer.from((decodeFrame(frame) as { payload: Uint8Array }).payload));
  }
}

function create(bufferedBytes = 0): [FrameWriter, KeepingLeg] {
  const leg = new KeepingLeg();
  leg.bufferedBytes = bufferedBytes;
  return [new FrameWriter(leg as unknown as Leg, framingOf('streams.v1')), leg];
}

describe('splitting', () => {
  it.each([
    [0, []],
    [1, [1]],
    [KIB_64, [KIB_64]],
    [KIB_64 + 1, [KIB_64, 1]],
    [3 * KIB_64, [KIB_64, KIB_64, KIB_64]],
  ])('%i bytes', (size, frames) => {
    const [writer, leg] = create();
    let done = 0;
    writer.write([Buffer.alloc(size, 7)], () => (done += 1));
    expect(leg.payloads.map((payload) => payload.length)).toEqual(frames);
    expect([writer.bytesWritten, done]).toEqual([size, 1]);
  });

  it('any chunks become the same bytes, in as few frames as can be', () => {
    const sizes = fc.array(fc.oneof(fc.nat({ max: 10 }), fc.nat({ max: 100_000 }), fc.constantFrom(0, KIB_64 - 1, KIB_64, KIB_64 + 1)), {
      maxLength: 12,
    });
    forAll(
      sizes,
      (list) => {
        const chunks = list.map((size, index) => Buffer.alloc(size, index + 1));
        const [writer, leg] = create();
        let done = false;
        writer.write(chunks, () => (done = true));
        const whole = Buffer.concat(chunks);
        expect(Buffer.concat(leg.payloads).equals(whole)).toBe(true);
        expect(leg.frames).toHaveLength(Math.ceil(whole.length / KIB_64));
        expect([done, writer.bytesWritten]).toEqual([true, whole.length]);
      },
      50,
    );
  });

  it('copies, so that the chunk is free again', () => {
    const [writer, leg] = create();
    const chunk = Buffer.from('as it was');
    writer.write([chunk], () => chunk.fill(0));
    expect(leg.payloads.map(String)).toEqual(['as it was']);
  });
});

describe('a full leg', () => {
  it('is waited for, frame by frame', () => {
    const [writer, leg] = create(HIGH_WATER);
    let done = 0;
    writer.write([Buffer.alloc(3 * KIB_64)], () => (done += 1));
    for (let sent = 1; sent <= 3; sent += 1) {
      expect([leg.frames.length, leg.flushes.length, done]).toEqual([sent, 1, 0]);
      leg.flushes.shift()?.();
    }
    expect([leg.frames.length, done, writer.bytesWritten]).toEqual([3, 1, 3 * KIB_64]);
  });

  it('gets the rest at once when it has room again', () => {
    const [writer, leg] = create(HIGH_WATER);
    let done = 0;
    writer.write([Buffer.alloc(3 * KIB_64)], () => (done += 1));
    leg.bufferedBytes = HIGH_WATER - 1;
    leg.flushes.shift()?.();
    expect([leg.frames.length, leg.flushes.length, done]).toEqual([3, 0, 1]);
  });

  it('costs a write no more than it has to: below the mark nobody waits', () => {
    const [writer, leg] = create(HIGH_WATER - 1);
    let done = 0;
    writer.write([Buffer.alloc(8 * KIB_64)], () => (done += 1));
    expect([leg.frames.length, leg.flushes.length, done]).toEqual([8, 0, 1]);
  });
});

describe('stop', () => {
  const error = new Error('stopped');

  it('drops the rest and fails the write that waits, once', () => {
    const [writer, leg] = create(HIGH_WATER);
    const results: unknown[] = [];
    writer.write([Buffer.alloc(5 * KIB_64)], (result) => results.push(result));
    writer.stop(error);
    expect(results).toEqual([error]);
    leg.flushes.shift()?.();
    writer.stop(new Error('again'));
    expect([leg.frames.length, results, writer.bytesWritten]).toEqual([1, [error], KIB_64]);
  });

  it('without a write that waits fails none', () => {
    const [writer, leg] = create();
    const results: unknown[] = [];
    writer.write([Buffer.of(1)], (result) => results.push(result));
    writer.stop(error);
    expect([results, leg.frames.length]).toEqual([[undefined], 1]);
  });

  it('after a write that had waited and went through fails none', () => {
    const [writer, leg] = create(HIGH_WATER);
    const results: unknown[] = [];
    writer.write([Buffer.of(1)], (result) => results.push(result));
    leg.flushes.shift()?.();
    writer.stop(error);
    expect(results).toEqual([undefined]);
  });
});

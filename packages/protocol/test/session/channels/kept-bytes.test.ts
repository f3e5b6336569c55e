// What is kept for a reader that pauses is whole, and takes little more memory than it has bytes, however it was cut.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeptBytes } from '../../../src/session/channels/kept-bytes.ts';
import { ownBytes } from '../../../src/session/channels/own-bytes.ts';
import { forAll } from '../../support/for-all.ts';

/** A piece as it comes: a view into a message of 64 KiB. */
function piece(bytes: number, value = 0): Uint8Array {
  return new Uint8Array(65_552).fill(value).subarray(16, 16 + bytes);
}

function drain(kept: KeptBytes): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let next = kept.shift(); next; next = kept.shift()) pieces.push(next);
  return pieces;
}

/** The memory that `pieces` hold on to. */
function held(pieces: readonly Uint8Array[]): number {
  return [...new Set(pieces.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

describe('kept bytes', () => {
  it('come back in order, whatever their sizes, also while more come', () => {
    const steps = fc.array(
      fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(4_095, 4_096, 20_000), fc.constant('shift' as const)),
    );
    forAll(steps, (list) => {
      const kept = new KeptBytes();
      const [put, got] = [[] as Uint8Array[], [] as Uint8Array[]];
      for (const [index, step] of list.entries()) {
        if (step === 'shift') got.push(...[kept.shift()].filter((next) => next !== undefined));
        else kept.push(put[put.push(piece(step, index)) - 1] as Uint8Array);
      }
      got.push(...drain(kept));
      expect(Buffer.concat(got).equals(Buffer.concat(put))).toBe(true);
      expect(kept.isEmpty).toBe(true);
    });
  });

  it.each([
    ['single bytes', () => 1],
    ['a hundred bytes each', () => 100],
    ['large ones', () => 40_000],
    ['half a message', () => 32_000],
    ['just enough to be a piece of its own', () => 4_096],
    ['a single byte before each large one', (index: number) => (index % 2 ? 4_096 : 1)],
  ])('take at most about twice their memory: %s', (_, sizeOf) => {
    const kept = new KeptBytes();
    let bytes = 0;
    const message = piece(65_536);
    for (let index = 0; bytes < 131_072; index += 1) {
      // Large pieces come in messages of their own.
      kept.push(sizeOf(index) < 1_000 ? message.subarray(0, sizeOf(index)) : piece(sizeOf(index)));
      bytes += sizeOf(index);
    }
    expect(held(drain(kept))).toBeLessThanOrEqual(2.1 * bytes + 16_384);
  });
});

describe('own bytes', () => {
  it('are a copy only where they are a small part', () => {
    const [large, small] = [piece(10_000, 7), piece(100, 7)];
    expect(ownBytes(large)).toBe(large);
    expect(ownBytes(small)).toEqual(Buffer.from(small));
    expect(ownBytes(small).buffer).not.toBe(small.buffer);
  });
});

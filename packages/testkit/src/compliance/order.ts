// Cases: every byte arrives once and in order, whatever the sizes; the two directions keep apart.
import { describe, expect } from 'vitest';
import { type Bench, endBack, type Way } from './bench.ts';
import { expectClean } from './outcomes.ts';
import { expectBytes, MIB, payloadOf, readAll, writeAll } from './traffic.ts';

/** 64 KiB is the largest frame. */
const SIZES = [0, 1, 65_535, 65_536, 65_537, 16 * MIB];
const TINY_BYTES = 3;
const TINY_WRITES = 20_000;

/** Registers the cases. */
export function orderCases(bench: Bench, halfClose: boolean): void {
  describe('order', () => {
    for (const size of SIZES) bench.eachWay(`${size} bytes`, (way) => expectTransfer(way, size, (payload) => writeAll(way.from, payload)));
    bench.eachWay('16 MiB in one write', (way) => expectTransfer(way, 16 * MIB, async (payload) => void way.from.write(payload)));
    bench.eachWay('many tiny writes', (way) =>
      expectTransfer(way, TINY_BYTES * TINY_WRITES, (payload) => writeAll(way.from, payload, TINY_BYTES)),
    );
    bench.eachWay('a buffer is free again once its write has called back', reusedBuffer);
    if (!halfClose) return;
    bench.oneWay('both directions at once', bothAtOnce);
    bench.oneWay('echo through pipe', echo);
  });
}

async function expectTransfer({ pair, from, to }: Way, size: number, write: (payload: Buffer) => Promise<void>): Promise<void> {
  const payload = payloadOf(size);
  const received = readAll(to);
  from.resume();
  endBack(pair, to);
  await write(payload);
  from.end();
  const got = await received;
  expect(got.length).toBe(size);
  expectBytes(got, payload);
  await expectClean(pair);
  expect([from.bytesWritten, to.bytesRead]).toEqual([size, size]);
  expect([to.bytesWritten, from.bytesRead]).toEqual([0, 0]);
}

async function reusedBuffer({ pair, from, to }: Way): Promise<void> {
  const received = readAll(to);
  const buffer = Buffer.alloc(1_000);
  for (let value = 1; value <= 50; value += 1) {
    buffer.fill(value);
    await new Promise((resolve) => from.write(buffer, resolve));
  }
  buffer.fill(0xff);
  from.end();
  endBack(pair, to);
  from.resume();
  const expected = Buffer.concat(Array.from({ length: 50 }, (_, index) => Buffer.alloc(1_000, index + 1)));
  expectBytes(await received, expected);
  await expectClean(pair);
}

async function bothAtOnce({ pair }: Way): Promise<void> {
  const [fromA, fromB] = [payloadOf(3 * MIB, 1), payloadOf(2 * MIB, 2)];
  const reads = Promise.all([readAll(pair.a), readAll(pair.b)]);
  await Promise.all([writeAll(pair.a, fromA, 10_000), writeAll(pair.b, fromB, 70_000)]);
  pair.a.end();
  pair.b.end();
  const [atA, atB] = await reads;
  expectBytes(atA, fromB);
  expectBytes(atB, fromA);
  await expectClean(pair);
}

async function echo({ pair }: Way): Promise<void> {
  pair.b.pipe(pair.b);
  const payload = payloadOf(2 * MIB);
  const echoed = readAll(pair.a);
  await writeAll(pair.a, payload);
  pair.a.end();
  expectBytes(await echoed, payload);
  await expectClean(pair);
}

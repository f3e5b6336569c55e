// Case, as a property: however the writer cuts its bytes and the reader takes them, they are the same bytes.
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { turn } from '../real-time.ts';
import { type Bench, endBack } from './bench.ts';
import { expectClean } from './outcomes.ts';
import type { ComplianceStream } from './pair.ts';
import { expectBytes, payloadOf } from './traffic.ts';

interface Write {
  readonly size: number;
  /** Goes out together with the next ones. */
  readonly corked: boolean;
}

const RUNS = 15;
/** One read of each round: a megabyte is not taken byte by byte. */
const LARGEST_READ = 100_000;

const sizes: fc.Arbitrary<number> = fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 200_000 }), fc.constantFrom(65_535, 65_536, 65_537));
const writes: fc.Arbitrary<Write[]> = fc.array(fc.record({ size: sizes, corked: fc.boolean() }), { maxLength: 20 });
const reads: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: LARGEST_READ }), { maxLength: 4 });

/** Registers the case. */
export function chunkingCases(bench: Bench): void {
  describe('chunking', () => {
    it('any sizes of writes and reads', async () => {
      const same = fc.asyncProperty(writes, reads, fc.boolean(), (...run) => expectSame(bench, ...run));
      await fc.assert(same, { numRuns: RUNS });
    });
  });
}

async function expectSame(bench: Bench, plan: readonly Write[], readSizes: readonly number[], backwards: boolean): Promise<void> {
  const pair = await bench.open();
  const [from, to] = backwards ? [pair.b, pair.a] : [pair.a, pair.b];
  const payload = payloadOf(plan.reduce((sum, write) => sum + write.size, 0));
  const received = readBy(to, [...readSizes, LARGEST_READ]);
  from.resume();
  endBack(pair, to);
  await writeBy(from, payload, plan);
  from.end();
  expectBytes(await received, payload);
  await expectClean(pair);
}

async function writeBy(stream: ComplianceStream, payload: Buffer, plan: readonly Write[]): Promise<void> {
  let at = 0;
  for (const { size, corked } of plan) {
    if (corked) stream.cork();
    const room = stream.write(payload.subarray(at, at + size));
    at += size;
    if (corked) continue;
    while (stream.writableCorked > 0) stream.uncork();
    if (!room) await once(stream, 'drain');
    else await turn();
  }
  while (stream.writableCorked > 0) stream.uncork();
}

/** Takes portions of the given sizes, over and over. */
async function readBy(stream: ComplianceStream, portions: readonly number[]): Promise<Buffer> {
  const taken: Buffer[] = [];
  stream.on('readable', () => {
    for (;;) {
      const chunk = stream.read(portions[taken.length % portions.length]) as Buffer | null;
      if (chunk === null) return;
      taken.push(chunk);
    }
  });
  await once(stream, 'end');
  return Buffer.concat(taken);
}

// Cases: a reader that stops makes the writer stop, with bounded memory, and loses nothing however long it takes.
import { once } from 'node:events';
import { describe, expect } from 'vitest';
import { type Bench, endBack, pass, queueLimit, type Way } from './bench.ts';
import { expectClean } from './outcomes.ts';
import type { CompliancePair, ComplianceStream } from './pair.ts';
import { CHUNK_BYTES, expectBytes, MIB, payloadOf, readAll, readFirst, writeAll } from './traffic.ts';

/** The writer counts as stopped when it has written nothing for this long. */
const STILL_MS = 200;
/** Longer than the wait for a peer that should go; ten minutes where time costs nothing. */
const LONG_PAUSE_MS = 1_200;
const VERY_LONG_PAUSE_MS = 600_000;

/** Registers the cases. */
export function backPressureCases(bench: Bench): void {
  describe('back-pressure', () => {
    bench.eachWay('a reader that stops makes the writer stop', stoppedReader);
    bench.eachWay('a slow reader gets all', slowReader);
    bench.eachWay('a clean end towards a slow reader delivers all that is queued', queuedThenEnd);
    bench.oneWay('a reader that pauses for long, the writer having finished', (way) => longPause(way, payloadOf(MIB), LONG_PAUSE_MS));
    bench.oneWay('a reader that pauses for long, the writer blocked', (way) =>
      longPause(way, payloadOf(2 * queueLimit(way.pair)), STILL_MS),
    );
  });
}

async function stoppedReader({ pair, from, to }: Way): Promise<void> {
  const limit = queueLimit(pair);
  const payload = payloadOf(2 * limit);
  let accepted = 0;
  const writing = inBackground(async () => {
    for (; accepted < payload.length; accepted += CHUNK_BYTES) await writeAll(from, payload.subarray(accepted, accepted + CHUNK_BYTES));
    from.end();
  });
  const first = await readFirst(to);
  await still(pair, () => accepted);
  expect(from.writableNeedDrain).toBe(true);
  // Whatever the writer got rid of and the reader has not seen is queued somewhere.
  expect(accepted - first.length).toBeLessThanOrEqual(limit);
  expect(to.readableLength).toBeLessThanOrEqual(MIB);
  from.resume();
  endBack(pair, to);
  expectBytes(Buffer.concat([first, await readAll(to)]), payload);
  await writing;
  await expectClean(pair);
}

/** Starts `work`; it is awaited later, or never if the case fails before. */
function inBackground(work: () => Promise<unknown>): Promise<unknown> {
  const done = work();
  done.catch(() => undefined);
  return done;
}

/** Waits until `count` stands still. */
async function still(pair: CompliancePair, count: () => number): Promise<void> {
  for (let last = -1; last !== count(); await pass(pair, STILL_MS)) last = count();
}

async function slowReader({ pair, from, to }: Way): Promise<void> {
  const payload = payloadOf(4 * MIB);
  from.resume();
  endBack(pair, to);
  const writing = inBackground(() => writeAll(from, payload).then(() => from.end()));
  const taken: Buffer[] = [];
  for await (const chunk of to) {
    taken.push(chunk as Buffer);
    await pass(pair, 2);
  }
  await writing;
  expectBytes(Buffer.concat(taken), payload);
  await expectClean(pair);
}

async function queuedThenEnd({ pair, from, to }: Way): Promise<void> {
  const payload = payloadOf(2 * queueLimit(pair));
  from.resume();
  endBack(pair, to);
  from.end(payload);
  await pass(pair, STILL_MS);
  expect(from.writableFinished).toBe(false);
  await readSlowly(pair, to, payload);
  await expectClean(pair);
}

/** Takes one chunk, rests, and takes the next, for the first part of the data; then the rest at once. */
async function readSlowly(pair: CompliancePair, stream: ComplianceStream, payload: Buffer): Promise<void> {
  const taken: Buffer[] = [];
  for (let i = 0; i < 20; i += 1) {
    let chunk = stream.read() as Buffer | null;
    while (chunk === null) {
      await once(stream, 'readable');
      chunk = stream.read() as Buffer | null;
    }
    taken.push(chunk);
    await pass(pair, 5);
  }
  taken.push(await readAll(stream));
  expectBytes(Buffer.concat(taken), payload);
}

async function longPause({ pair, from, to }: Way, payload: Buffer, realMs: number): Promise<void> {
  from.resume();
  endBack(pair, to);
  from.end(payload);
  const first = await readFirst(to);
  if (pair.clock) await pair.clock.advance(VERY_LONG_PAUSE_MS, { stepMs: 1_000 });
  else await pass(pair, realMs);
  expectBytes(Buffer.concat([first, await readAll(to)]), payload);
  await expectClean(pair);
}

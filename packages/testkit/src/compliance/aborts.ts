// Cases: one side ends the stream before both have finished; the other is told by a typed error, and the reason where it can be.
import { addAbortSignal, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect } from 'vitest';
import { turn } from '../real-time.ts';
import { type Bench, pass, type Way, within } from './bench.ts';
import { closed, END_MS, expectTerminated, Log, outcomeOf } from './outcomes.ts';
import type { ComplianceStream } from './pair.ts';
import { CHUNK_BYTES, payloadOf, readFirst } from './traffic.ts';

/** Registers the cases. */
export function abortCases(bench: Bench): void {
  describe('abort', () => {
    bench.eachWay('tells the other side the reason', abortWithReason);
    bench.eachWay('cuts a long reason to what a close frame holds', abortWithLongReason);
    bench.oneWay('reaches a side that does not read', abortOfPaused);
    bench.eachWay('by destroy with an error', destroyWithError);
    bench.eachWay('by an AbortSignal on the stream', abortSignal);
    bench.eachWay('by an AbortSignal on a pipeline', pipelineSignal);
  });
}

async function abortWithReason({ pair, from, to }: Way): Promise<void> {
  const [own, other] = [new Log(from), new Log(to)];
  to.resume();
  from.write('begun');
  from.abort('no longer needed');
  const error = await expectTerminated(pair, to, other);
  expect(error).toMatchObject({ by: 'peer', reason: 'no longer needed', closeCode: 4400 });
  expect(await outcomeOf(pair, to)).toEqual({ by: 'peer', reason: 'no longer needed', clean: false });
  await closed(pair, from);
  expect(own.errors).toEqual([]);
  expect(own.events.at(-1)).toBe('close');
  expect(await outcomeOf(pair, from)).toEqual({ by: 'local', reason: 'no longer needed', clean: false });
}

async function abortWithLongReason({ pair, from, to }: Way): Promise<void> {
  const log = new Log(to);
  to.resume();
  from.abort('é'.repeat(100));
  // 123 bytes hold 61 of these two-byte characters and a half.
  expect(await expectTerminated(pair, to, log)).toMatchObject({ reason: 'é'.repeat(61) });
}

async function abortOfPaused({ pair, from, to }: Way): Promise<void> {
  const log = new Log(to);
  const first = readFirst(to);
  const writes = await fill(from);
  await first;
  await pass(pair, 60);
  from.abort('may be lost');
  if (pair.blindWhilePaused) {
    await closed(pair, from);
    to.resume();
  }
  await closed(pair, to, pair.pausedEndMs);
  const error = await expectTerminated(pair, to, log);
  expect(['may be lost', '']).toContain((error as { reason?: string }).reason);
  await within(pair, END_MS, 'the callback of each write', Promise.all(writes));
}

/** Writes until the stream takes no more; gives the callbacks of all writes. */
async function fill(stream: ComplianceStream): Promise<Promise<unknown>[]> {
  const chunk = payloadOf(CHUNK_BYTES);
  const writes: Promise<unknown>[] = [];
  for (let refusals = 0; refusals < 3; ) {
    writes.push(new Promise((resolve) => stream.write(chunk, resolve)));
    if (!stream.writableNeedDrain) continue;
    refusals += 1;
    await turn();
  }
  return writes;
}

async function destroyWithError({ pair, from, to }: Way): Promise<void> {
  const [own, other] = [new Log(from), new Log(to)];
  const cause = new Error('disk full');
  to.resume();
  from.destroy(cause);
  await expectTerminated(pair, to, other);
  await closed(pair, from);
  expect(own.errors).toEqual([cause]);
  expect(await outcomeOf(pair, from)).toMatchObject({ by: 'local', clean: false });
}

async function abortSignal({ pair, from, to }: Way): Promise<void> {
  const [own, other] = [new Log(from), new Log(to)];
  const controller = new AbortController();
  addAbortSignal(controller.signal, from);
  to.resume();
  controller.abort();
  await expectTerminated(pair, to, other);
  await closed(pair, from);
  expect(own.errors).toMatchObject([{ name: 'AbortError' }]);
}

async function pipelineSignal({ pair, from, to }: Way): Promise<void> {
  const log = new Log(to);
  const controller = new AbortController();
  const endless = Readable.from(forever());
  const piping = pipeline(endless, from, { signal: controller.signal });
  to.once('data', () => controller.abort());
  await expect(piping).rejects.toMatchObject({ name: 'AbortError' });
  await expectTerminated(pair, to, log);
  expect(log.events).not.toContain('end');
}

function* forever(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(1_000);
}

// Cases: one side's connection dies; the other is told by a typed error, and nobody takes the truncation for an end.
import { describe, expect } from 'vitest';
import { type Bench, pass, queueLimit, type Way, within } from './bench.ts';
import { closed, END_MS, expectTerminated, Log, outcomeOf } from './outcomes.ts';
import { MIB, payloadOf } from './traffic.ts';

/** Registers the cases. */
export function deathCases(bench: Bench, halfClose: boolean): void {
  describe('death', () => {
    bench.eachWay('of an idle peer', deathOfIdle);
    bench.eachWay('of the writer', deathOfWriter);
    bench.eachWay('of the reader', deathOfReader);
    bench.eachWay('of the reader while the writer ends', deathOfReaderDuringEnd);
    bench.eachWay('of the peer of a stream without an error listener', deathWithoutListener);
    if (halfClose) bench.eachWay('of the writer after its end, before the reply', deathAfterEnd);
  });
}

async function deathOfIdle({ pair, from, to, cut }: Way): Promise<void> {
  const log = new Log(to);
  from.on('error', () => undefined);
  to.resume();
  cut('from');
  await expectTerminated(pair, to, log);
  expect(log.events).not.toContain('end');
  expect((await outcomeOf(pair, from)).clean).toBe(false);
}

async function deathOfWriter({ pair, from, to, cut }: Way): Promise<void> {
  const log = new Log(to);
  from.on('error', () => undefined);
  const firstData = new Promise((resolve) => to.once('data', resolve));
  to.resume();
  from.write(payloadOf(MIB));
  await firstData;
  cut('from');
  await expectTerminated(pair, to, log);
  expect(log.events).not.toContain('end');
  expect((await outcomeOf(pair, from)).clean).toBe(false);
}

async function deathOfReader({ pair, from, to, cut }: Way): Promise<void> {
  const log = new Log(from);
  to.on('error', () => undefined);
  from.resume();
  to.once('data', () => cut('to'));
  const calledBack = new Promise((resolve) => from.write(payloadOf(2 * queueLimit(pair)), resolve));
  await expectTerminated(pair, from, log);
  await within(pair, END_MS, 'the callback of the write', calledBack);
  expect((await outcomeOf(pair, to)).clean).toBe(false);
}

async function deathOfReaderDuringEnd({ pair, from, to, cut }: Way): Promise<void> {
  const log = new Log(from);
  to.on('error', () => undefined);
  from.resume();
  to.once('data', () => cut('to'));
  from.end(payloadOf(2 * queueLimit(pair)));
  await expectTerminated(pair, from, log);
  // Or `pipeline` would report that all was sent.
  expect(log.events).toEqual(['error', 'close']);
}

async function deathAfterEnd({ pair, from, to, cut }: Way): Promise<void> {
  const log = new Log(to);
  from.on('error', () => undefined);
  from.end('request');
  to.resume();
  await new Promise((resolve) => to.once('end', resolve));
  cut('from');
  await expectTerminated(pair, to, log);
  expect(log.events).toEqual(['end', 'error', 'close']);
}

async function deathWithoutListener({ pair, to, cut }: Way): Promise<void> {
  const uncaught: Error[] = [];
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error));
  try {
    to.resume();
    cut('from');
    await closed(pair, to);
    await pass(pair, 60);
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
  }
  expect(uncaught).toEqual([]);
  expect(await outcomeOf(pair, to)).toMatchObject({ clean: false });
}

// More slow receivers than the hub has memory for: new streams are refused, those stalled for longest end, and it ends with them.
import { leakCheck } from '@streams/testkit';
import { afterAll, expect, it } from 'vitest';
import { HubProcess } from '../../support/hub-process.ts';
import { observeHub } from '../../support/observe.ts';
import { StoppedReaders } from '../../support/stopped-readers.ts';
import { until } from '../../support/streams.ts';

const MIB = 2 ** 20;
const MAX_QUEUED_BYTES = 4 * MIB;
const MOST_STREAMS = 200;

const leaks = leakCheck();
afterAll(() => leaks.settled());

it('D14 streams that nobody reads are opened until 3 of 4 MiB are taken; then 503, no memory, and others as before', async () => {
  await using test = await HubProcess.start({ options: { limits: { maxQueuedBytes: MAX_QUEUED_BYTES } } });
  const watched = await observeHub(test, { pid: test.pid, maxGrowthBytes: 150 * MIB });
  const before = test.residentBytes;
  const readers = await StoppedReaders.connect(test);
  const refusal = await readers.openUntilRefused(MOST_STREAMS);
  expect(refusal).toMatchObject({
    code: 'STREAMS_OVERLOADED',
    retryable: true,
    details: { limit: 'maxQueuedBytes', max: MAX_QUEUED_BYTES },
  });
  expect(refusal.retryAfterMs).toBeGreaterThan(0);
  console.log(`D14: refused after ${readers.streams.length} streams, ${Math.round((test.residentBytes - before) / MIB)} MiB resident more`);
  expect(test.residentBytes - before).toBeLessThan(150 * MIB);
  // As soon as they are gone there is room again.
  for (const stream of readers.streams) stream.destroy();
  await openAtLast(readers);
  await readers.close();
  await watched.settled(10_000);
}, 60_000);

it('D14 of streams that all stall those end that have stalled for longest, with 1013, until the rest fit', async () => {
  await using test = await HubProcess.start({ options: { limits: { maxQueuedBytes: MAX_QUEUED_BYTES } } });
  const watched = await observeHub(test, { pid: test.pid, maxGrowthBytes: 150 * MIB });
  const readers = await StoppedReaders.connect(test);
  await readers.open(20);
  await readers.fill();
  // They fit, and stay however long they are stalled.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(readers.ended).toEqual([]);
  await readers.open(30);
  await readers.fill(20);
  // How many depends on what the kernel takes of each.
  await until(() => readers.ended.length >= 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { ended } = readers;
  console.log(`D14: of 50 streams that stall ${ended.length} have ended: ${ended.map(({ index }) => index).join()}`);
  for (const { index, error } of ended) {
    // They were filled ten at a time, and of ten nobody knows which stalled first.
    expect(index).toBeLessThan(ended.length + 10);
    expect(error).toMatchObject({
      code: 'STREAMS_OVERLOADED',
      retryable: true,
      by: 'hub',
      closeCode: 1013,
      details: { limit: 'maxQueuedBytes' },
    });
  }
  expect(ended.length).toBeLessThan(readers.streams.length / 2);
  await readers.close();
  await watched.settled(10_000);
}, 60_000);

/** As who honours `retryAfterMs`. */
async function openAtLast(readers: StoppedReaders): Promise<void> {
  for (let tries = 0; tries < 5; tries += 1) {
    const error = await readers.open(1).then(
      () => undefined,
      (thrown: unknown) => thrown as { code: string; retryAfterMs: number },
    );
    if (!error) return;
    expect(error.code).toBe('STREAMS_OVERLOADED');
    await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs));
  }
  throw new Error('it stayed refused');
}

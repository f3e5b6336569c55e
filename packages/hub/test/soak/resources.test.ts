// What takes long or much memory of the cases of resource abuse: 100 readers that stop, streams that come and go for minutes.
import { expect, it } from 'vitest';
import { HubProcess } from '../support/hub-process.ts';
import { observeHub } from '../support/observe.ts';
import { openAndClose, tinyMessages } from '../support/churn.ts';
import { MemoryCgroup } from '../support/memory-cgroup.ts';
import { costOfSlowReaders } from '../support/slow-readers.ts';
import { StoppedReaders } from '../support/stopped-readers.ts';
import { until } from '../support/streams.ts';

const KIB = 1_024;
const MIB = 2 ** 20;

it('D12 100 readers that stop, both ways, with a GiB offered to each: at most 512 KiB per stream and direction', async () => {
  await using test = await HubProcess.start({ givesMemoryBack: true });
  const watched = await observeHub(test, { pid: test.pid });
  const { bytesPerDirection, residentBytes } = await costOfSlowReaders(test, { streams: 100, offeredBytes: 1_024 * MIB });
  console.log(`D12: ${Math.round(bytesPerDirection / KIB)} KiB of buffers, ${Math.round(residentBytes / 200 / KIB)} KiB resident, each`);
  expect(bytesPerDirection).toBeLessThan(512 * KIB);
  expect(residentBytes / 200).toBeLessThan(512 * KIB);
  // A hub that is idle does not collect.
  await test.memory();
  const { growthBytes } = await watched.settled(10_000);
  console.log(`D12: ${Math.round(growthBytes / MIB)} MiB resident more, once they are gone`);
});

it('D14 2,000 streams whose receivers all stop, in 512 MiB: new ones are refused, those stalled for longest end, and nothing is killed', async () => {
  await using group = await MemoryCgroup.make(512 * MIB);
  const limits = { maxQueuedBytes: 16 * MIB, newStreamsPerSecond: false, newStreamsPerSecondPerDevice: false } as const;
  await using test = await HubProcess.start({ processesFile: group.processesFile, options: { limits } });
  // What its allocator keeps is not what it holds: that is looked at behind it.
  const watched = await observeHub(test, { pid: test.pid, maxGrowthBytes: 512 * MIB });
  const before = await test.memory();
  const readers = await StoppedReaders.connect(test);
  await readers.open(2_000);
  await readers.fill();
  await until(() => readers.ended.length >= 1_000, 120_000);
  const refusal = await readers.openUntilRefused(2_500);
  expect(refusal).toMatchObject({ code: 'STREAMS_OVERLOADED', details: { limit: 'maxQueuedBytes' } });
  const codes = new Set(readers.ended.map(({ error }) => error.code));
  console.log(
    `D14: ${readers.ended.length} of 2,000 ended (${[...codes].join()}), at most ${Math.round((await group.peakBytes()) / MIB)} MiB`,
  );
  expect([...codes]).toEqual(['STREAMS_OVERLOADED']);
  expect(await group.oomKills()).toBe(0);
  await readers.close();
  await watched.settled(30_000);
  const { heapUsed, external } = await test.memory();
  expect(heapUsed + external - before.heapUsed - before.external).toBeLessThan(16 * MIB);
});

it('D16 messages of a byte for a minute, then streams that are opened and closed for ten, as fast as they go: the heap stays', async () => {
  await using test = await HubProcess.start({ options: { limits: { newStreamsPerSecond: false } } });
  await openAndClose(test, 1_000);
  const watched = await observeHub(test, { pid: test.pid, maxGrowthBytes: 64 * MIB });
  const before = await test.memory();
  const messages = await rateOf(1, 20_000, (count) => tinyMessages(test, count));
  const streams = await rateOf(10, 1_000, (count) => openAndClose(test, count));
  const grownBytes = (await test.memory()).heapUsed - before.heapUsed;
  console.log(`D16: ${messages} messages and ${streams} streams a minute, ${Math.round(grownBytes / KIB)} KiB of heap more`);
  expect(grownBytes).toBeLessThan(5 * MIB);
  await watched.settled(10_000);
}, 900_000);

/** Does so many, again and again. @returns How many that is a minute. */
async function rateOf(minutes: number, count: number, action: (count: number) => Promise<void>): Promise<number> {
  const startMs = performance.now();
  const passed = (): number => (performance.now() - startMs) / 60_000;
  let done = 0;
  for (; passed() < minutes; done += count) await action(count);
  return Math.round(done / passed());
}

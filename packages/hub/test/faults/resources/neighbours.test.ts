// Streams that keep the hub busy: one at full speed, messages of a byte, thousands that come and go. Those beside them are served.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DeviceClient } from '@streams/device';
import { type DeviceStream, ServiceClient } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterAll, expect, it } from 'vitest';
import { HubProcess } from '../../support/hub-process.ts';
import { observeHub } from '../../support/observe.ts';
import { openAndClose, tinyMessages } from '../../support/churn.ts';
import { echo } from '../../support/streams.ts';

const leaks = leakCheck();
afterAll(() => leaks.settled());

const BULK = fileURLToPath(new URL('../../support/bulk-streams.mjs', import.meta.url));
const ASKERS = 50;
const QUESTIONS = 30;
const PAUSE_MS = 50;
const SHARE_MS = 2_000;

it('D15 fifty streams that ask and wait are answered beside one at full speed, and four of these get the same', async () => {
  await using test = await HubProcess.start();
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString('asked'));
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
  echo(device);
  await device.connect();
  const askers = await Promise.all(Array.from({ length: ASKERS }, () => service.createStream('asked', { resume: 'off' })));
  const alone = await answerTimes(askers);
  const bulk = await startBulk(test);
  await bulk.ask({ open: 1 });
  const beside = await answerTimes(askers);
  console.log(`D15: answers after ${alone} alone, after ${beside} beside a stream at full speed`);

  const before = await bulk.ask({ open: 3 });
  await setTimeout(SHARE_MS);
  const after = await bulk.ask({});
  const bytes = after.map((each, index) => each - (before[index] ?? 0));
  // Jain's index: 1 where all have the same, a quarter where one has all.
  const fairness = bytes.reduce((sum, each) => sum + each, 0) ** 2 / (bytes.length * bytes.reduce((sum, each) => sum + each ** 2, 0));
  console.log(`D15: fairness ${fairness.toFixed(3)}, ${(bytes.reduce((sum, each) => sum + each) / SHARE_MS / 1_000).toFixed(0)} MB/s`);
  expect(bytes).toHaveLength(4);
  expect(fairness).toBeGreaterThan(0.9);
  bulk.child.kill();
  for (const stream of askers) stream.destroy();
  await Promise.all([service.close(), device.close()]);
}, 120_000);

/** Median and 99th percentile of many questions, as a text. */
async function answerTimes(askers: readonly DeviceStream[]): Promise<string> {
  const times: number[] = [];
  await Promise.all(
    askers.map(async (stream) => {
      for (let questions = 0; questions < QUESTIONS; questions += 1) {
        await setTimeout(2 * PAUSE_MS * Math.random());
        const startMs = performance.now();
        stream.write('?');
        await once(stream, 'data');
        times.push(performance.now() - startMs);
      }
    }),
  );
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): string => `${sorted[Math.floor(part * sorted.length)]?.toFixed(1)} ms`;
  return `${at(0.5)} (99th percentile ${at(0.99)})`;
}

async function startBulk(test: HubProcess): Promise<{ child: ChildProcess; ask: (what: { open?: number }) => Promise<number[]> }> {
  const [DEVICE, SERVICE] = [await test.deviceConnectionString('bulk'), await test.serviceConnectionString()];
  const child = fork(BULK, { execArgv: [], env: { ...process.env, DEVICE, SERVICE, DEVICE_ID: 'bulk' } });
  await once(child, 'message');
  const ask = async (what: { open?: number }): Promise<number[]> => {
    child.send(what);
    return ((await once(child, 'message')) as [number[]])[0];
  };
  return { child, ask };
}

it('D16 20,000 messages of a byte, and 200 streams that are opened and closed: no memory, no descriptors', async () => {
  await using test = await HubProcess.start();
  // The first ones warm it up.
  await openAndClose(test, 50);
  const before = await test.memory();
  const watched = await observeHub(test, { pid: test.pid, maxGrowthBytes: 64 * 2 ** 20 });
  await tinyMessages(test, 20_000);
  await openAndClose(test, 200);
  await watched.settled();
  const grownBytes = (await test.memory()).heapUsed - before.heapUsed;
  console.log(`D16: ${Math.round(grownBytes / 1_024)} KiB of heap more`);
  expect(grownBytes).toBeLessThan(5 * 2 ** 20);
}, 120_000);

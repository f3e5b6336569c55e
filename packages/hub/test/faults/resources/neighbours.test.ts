// Streams that keep the hub busy: one at full speed, messages of a byte, thousands that come and go. Those beside them are served.
import { FakeClock, leakCheck } from '@streams/testkit';
import { once } from 'node:events';
import type { DeviceStream } from '@streams/service';
import { afterAll, expect, it } from 'vitest';
import { HubProcess } from '../../support/hub-process.ts';
import { observeHub } from '../../support/observe.ts';
import { openAndClose, tinyMessages } from '../../support/churn.ts';
import { echo, startTrio, until } from '../../support/streams.ts';

const leaks = leakCheck();
afterAll(() => leaks.settled());

const BULK_BYTES = 2 ** 20;

it('D15 four streams at full speed get the same, and ten that ask and wait are answered meanwhile', async () => {
  const clock = new FakeClock();
  const trio = await startTrio({ clock }, { clock }, { clock });
  echo(trio.device);
  const open = (): Promise<DeviceStream> => trio.service.createStream('pump-7', { resume: 'off' });
  const [bulk, askers] = [await Promise.all(Array.from({ length: 4 }, open)), await Promise.all(Array.from({ length: 10 }, open))];
  let asking = true;
  const chunk = Buffer.alloc(BULK_BYTES);
  for (const stream of bulk) {
    stream.resume();
    void (async () => {
      while (asking) await new Promise((resolve) => stream.write(chunk, resolve));
    })();
  }
  const times: number[] = [];
  await Promise.all(
    askers.map(async (stream) => {
      for (let questions = 0; questions < 20; questions += 1) {
        const startMs = performance.now();
        stream.write('?');
        await once(stream, 'data');
        times.push(performance.now() - startMs);
      }
    }),
  );
  asking = false;
  const bytes = bulk.map(({ bytesRead }) => bytesRead);
  // Jain's index: 1 where all have the same, a quarter where one has all.
  const fairness = bytes.reduce((sum, each) => sum + each, 0) ** 2 / (bytes.length * bytes.reduce((sum, each) => sum + each ** 2, 0));
  const sorted = times.toSorted((a, b) => a - b);
  console.log(
    `D15: fairness ${fairness.toFixed(3)}; answers after ${sorted[100]?.toFixed(1)} ms, ${sorted[198]?.toFixed(1)} ms at the 99th percentile`,
  );
  expect(Math.min(...bytes)).toBeGreaterThan(0);
  expect(fairness).toBeGreaterThan(0.9);
  await trio.close();
  await until(() => clock.pendingTimers === 0);
});

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
}, 60_000);

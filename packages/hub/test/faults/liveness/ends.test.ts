// How soon the other side knows that a stream has ended. The clock stands still: whatever comes needs no timer.
import { once } from 'node:events';
import type { DeviceStream } from '@streams/device';
import { FakeClock, FaultProxy, freePort, leakCheck } from '@streams/testkit';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { openPair, startTrio, type Trio, until } from '../../support/streams.ts';

const ENDS = 15;

const leaks = leakCheck();
let clock: FakeClock;
let legs: FaultProxy;
let trio: Trio;
beforeEach(async () => {
  clock = new FakeClock();
  const port = await freePort();
  legs = await FaultProxy.listen({ port });
  trio = await startTrio({ clock, streamingUrl: `https://127.0.0.1:${legs.port}` }, { clock }, { clock }, port);
});
afterEach(async () => {
  expect(clock.monotonicMs()).toBe(0);
  await trio.close();
  await legs.close();
});
afterAll(() => leaks.settled());

/** The middle one of some measurements. */
async function medianMs(what: string, end: (here: DeviceStream, there: DeviceStream) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < ENDS; count += 1) {
    const [here, there] = await openPair(trio, 'test', { resume: 'off' });
    for (const stream of [here, there]) stream.on('error', () => undefined).resume();
    const startMs = performance.now();
    await end(here, there);
    times.push(performance.now() - startMs);
    here.destroy();
    await until(() => legs.connections.length === 0);
  }
  const sorted = times.toSorted((a, b) => a - b);
  console.log(`${what}: ${sorted[Math.floor(ENDS / 2)]?.toFixed(1)} ms, ${sorted.at(-1)?.toFixed(1)} ms at most`);
  return sorted[Math.floor(ENDS / 2)] ?? Infinity;
}

it('E5 a clean end is known to the other side within 100 ms', async () => {
  const ms = await medianMs('a clean end', async (here, there) => {
    there.end();
    here.end('the last words');
    expect(await there.outcome).toMatchObject({ clean: true });
  });
  expect(ms).toBeLessThan(100);
});

it('E5 an abort is known to the other side within 250 ms', async () => {
  const ms = await medianMs('an abort', async (here, there) => {
    const failed = once(there, 'error');
    here.abort('enough');
    expect(await failed).toMatchObject([{ by: 'peer', closeCode: 4400, reason: 'enough' }]);
  });
  expect(ms).toBeLessThan(250);
});

it('E3 a reset of a leg is known to the other side within 250 ms', async () => {
  const ms = await medianMs('a reset', async (_here, there) => {
    const failed = once(there, 'error');
    // The device has dialled first.
    legs.connections[1]?.reset();
    expect(await failed).toMatchObject([{ by: 'peer', closeCode: 4410 }]);
  });
  expect(ms).toBeLessThan(250);
});

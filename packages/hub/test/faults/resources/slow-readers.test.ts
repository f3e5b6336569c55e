// Receivers that stop reading: what they cost the hub is bounded, whatever is offered, and what they read later is all there.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { FakeClock, leakCheck } from '@streams/testkit';
import { afterAll, describe, expect, it } from 'vitest';
import { HubProcess } from '../../support/hub-process.ts';
import { costOfSlowReaders } from '../../support/slow-readers.ts';
import { hashOf, openPair, startTrio, until } from '../../support/streams.ts';

const KIB = 1_024;
const leaks = leakCheck();
afterAll(() => leaks.settled());

it('D12 a reader that stops costs the hub at most 512 KiB per stream and direction, whatever is offered', async () => {
  await using test = await HubProcess.start();
  const { bytesPerDirection, residentBytes } = await costOfSlowReaders(test, { streams: 16, offeredBytes: 32 * KIB * KIB });
  console.log(
    `D12: ${Math.round(bytesPerDirection / KIB)} KiB per stream and direction; resident ${Math.round(residentBytes / 2 ** 20)} MiB more`,
  );
  expect(bytesPerDirection).toBeLessThan(512 * KIB);
  // Or nothing was stopped, and nothing measured.
  expect(bytesPerDirection).toBeGreaterThan(64 * KIB);
}, 60_000);

describe.each(['off', 'preferred'] as const)('resume %s', (resume) => {
  it('D13 a reader that stops for ten minutes is not taken for dead, and then gets every byte', async () => {
    const clock = new FakeClock();
    const trio = await startTrio({ clock }, { clock }, { clock });
    const [here, there] = await openPair(trio, 'slow', { resume });
    const content = randomBytes(24 * KIB * KIB);
    // More than the buffers of the kernel take.
    const written = new Promise((resolve) => here.write(content, resolve));
    await clock.advance(600_000, { stepMs: 1_000, realMs: 1 });
    expect([here.destroyed, there.destroyed]).toEqual([false, false]);
    expect(here.writableNeedDrain).toBe(true);
    const hash = hashOf(there);
    await passUntil(clock, written);
    here.end();
    there.end();
    here.resume();
    await passUntil(clock, Promise.all([here.outcome, there.outcome]));
    expect(await hash).toBe(createHash('sha256').update(content).digest('hex'));
    expect(await Promise.all([here.outcome, there.outcome])).toMatchObject([{ clean: true }, { clean: true }]);
    await passUntil(clock, trio.close());
    await until(() => clock.pendingTimers === 0);
  });
});

it('E5 8 MiB that are on their way at the end all arrive before it, however long the reader waits', async () => {
  const clock = new FakeClock();
  const trio = await startTrio({ clock }, { clock }, { clock });
  const [here, there] = await openPair(trio, 'slow', { resume: 'off' });
  there.on('error', () => undefined);
  const content = randomBytes(8 * KIB * KIB);
  const ended = once(there, 'end');
  here.end(content);
  there.end();
  here.resume();
  await clock.advance(120_000, { stepMs: 1_000, realMs: 1 });
  expect(there.destroyed).toBe(false);
  const hash = hashOf(there);
  await passUntil(clock, ended);
  expect(await hash).toBe(createHash('sha256').update(content).digest('hex'));
  expect(await passUntil(clock, Promise.all([here.outcome, there.outcome]))).toMatchObject([{ clean: true }, { clean: true }]);
  await passUntil(clock, trio.close());
  await until(() => clock.pendingTimers === 0);
});

/** Lets time pass until it settles. */
async function passUntil<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let settled = false;
  const settle = (): void => void (settled = true);
  promise.then(settle, settle);
  while (!settled) await clock.advance(10, { realMs: 1 });
  return promise;
}

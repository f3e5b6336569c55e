// The machine's own clocks and timers.
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/time/clock.ts';
import { eventually } from '../support/eventually.ts';

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 8));
}

describe('clocks', () => {
  it('wall: the machine’s', () => {
    const before = Date.now();
    const now = systemClock.wallMs();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('monotonic: never goes back, and keeps step with the wall', async () => {
    const start = { wall: systemClock.wallMs(), monotonic: systemClock.monotonicMs() };
    await soon();
    const passed = systemClock.monotonicMs() - start.monotonic;
    expect(passed).toBeGreaterThan(5);
    expect(Math.abs(systemClock.wallMs() - start.wall - passed)).toBeLessThan(50);
  });
});

describe('after', () => {
  it('acts once, later, and only if it is not cancelled', async () => {
    const acted: string[] = [];
    systemClock.after(1, () => acted.push('once'));
    const cancel = systemClock.after(1, () => acted.push('cancelled'));
    cancel();
    cancel();
    expect(acted).toEqual([]);
    await soon();
    expect(acted).toEqual(['once']);
  });

  it('may be cancelled when it is over', async () => {
    let cancel: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      cancel = systemClock.after(1, resolve);
    });
    expect(cancel?.()).toBeUndefined();
  });
});

describe('every', () => {
  it('acts again and again, until it is cancelled', async () => {
    let count = 0;
    const cancel = systemClock.every(1, () => (count += 1));
    await eventually(() => count).toBeGreaterThan(2);
    cancel();
    const atCancel = count;
    await soon();
    expect(count).toBe(atCancel);
  });

  it('does not keep the process alive, while `after` does', () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const stopEvery = systemClock.every(10_000, () => undefined);
    const withEvery = timers();
    const stopAfter = systemClock.after(10_000, () => undefined);
    const withAfter = timers();
    stopEvery();
    stopAfter();
    expect([withEvery - before, withAfter - before, timers() - before]).toEqual([0, 1, 0]);
  });
});

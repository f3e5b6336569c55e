// The last hour of a hub, on a clock of the test's own.
import { FakeClock } from '@streams/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EventLoopLag } from '../../src/diagnostics/event-loop-lag.ts';
import { History } from '../../src/diagnostics/history.ts';

const STEP_MS = 10_000;
const now = { devices: 0, streams: 0, bytes: { toDevice: 0, toService: 0 }, handshakes: { all: 0, failed: 0 } };
let clock: FakeClock;
let lag: EventLoopLag;
let history: History;

beforeEach(() => {
  Object.assign(now, { devices: 0, streams: 0, bytes: { toDevice: 0, toService: 0 }, handshakes: { all: 0, failed: 0 } });
  clock = new FakeClock();
  lag = new EventLoopLag();
  const levels = { devicesConnected: () => now.devices, streams: () => now.streams, bytes: () => now.bytes };
  history = new History({ levels, handshakes: () => now.handshakes, lag, clock });
});
afterEach(() => {
  history.stop();
  lag.stop();
  expect(clock.pendingTimers).toBe(0);
});

it('knows nothing at first', () => {
  const { endMs, stepMs, series } = history.view();
  expect({ endMs, stepMs }).toEqual({ endMs: clock.wallMs(), stepMs: STEP_MS });
  for (const column of Object.values(series)) expect(new Set(column)).toEqual(new Set([null]));
});

it('has levels as they are, and rates of what was counted within the step', async () => {
  now.devices = 7;
  now.streams = 2;
  now.bytes = { toDevice: 1_000, toService: 123_456 };
  now.handshakes = { all: 4, failed: 1 };
  await clock.advance(STEP_MS);
  now.devices = 6;
  await clock.advance(STEP_MS);
  const { endMs, series } = history.view();
  expect(endMs).toBe(clock.wallMs());
  const last = Object.entries(series).map(([name, column]) => [name, column.slice(-3)] as const);
  expect(Object.fromEntries(last)).toEqual({
    devicesConnected: [null, 7, 6],
    streamsActive: [null, 2, 2],
    handshakesPerSecond: [null, 0.4, 0],
    handshakesFailedPerSecond: [null, 0.1, 0],
    bytesToDevicePerSecond: [null, 100, 0],
    bytesToServicePerSecond: [null, 12_345.6, 0],
    eventLoopLagMs: [null, expect.any(Number), expect.any(Number)],
    memoryBytes: [null, expect.toSatisfy((bytes) => bytes > 1e6), expect.any(Number)],
  });
});

it('keeps an hour, in order', async () => {
  for (let step = 1; step <= 400; step += 1) {
    now.devices = step;
    await clock.advance(STEP_MS);
  }
  expect(history.view().series.devicesConnected).toEqual(Array.from({ length: 360 }, (_, index) => index + 41));
});

it('knows nothing of the steps that a process stood still', () => {
  let nowMs = 0;
  let step = (): void => undefined;
  const jumping = Object.assign(new FakeClock(), {
    monotonicMs: () => nowMs,
    every: (_periodMs: number, action: () => void) => {
      step = action;
      return () => undefined;
    },
  });
  const levels = { devicesConnected: () => 1, streams: () => 0, bytes: () => ({ toDevice: nowMs, toService: 0 }) };
  const jumped = new History({ levels, handshakes: () => now.handshakes, lag, clock: jumping });
  for (nowMs of [10_000, 40_000, 50_000]) step();
  const { devicesConnected, bytesToDevicePerSecond } = jumped.view().series;
  expect(devicesConnected.slice(-6)).toEqual([null, 1, null, null, 1, 1]);
  expect(bytesToDevicePerSecond.slice(-6)).toEqual([null, 1_000, null, null, 1_000, 1_000]);
});

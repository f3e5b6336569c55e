// Bytes per second of one direction: as many as it says over seconds, all of them in order, and beside the relay's own reasons to pause.
import { framingOf, type Leg, memoryLegPair } from '@streams/protocol/internal';
import { FakeClock } from '@streams/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Pacer } from '../../src/streams/rate-limit.ts';
import { Relay } from '../../src/streams/relay.ts';

const KIB = 1_024;
let clock: FakeClock;
let device: Leg;
let service: Leg;
let deviceLeg: Leg;
let relay: Relay;
let pacer: Pacer;
let got: { bytes: number };
beforeEach(() => {
  clock = new FakeClock();
  const mine = (got = { bytes: 0 });
  let serviceLeg: Leg;
  [device, deviceLeg] = memoryLegPair(clock);
  [service, serviceLeg] = memoryLegPair(clock);
  const events = { stalled: () => undefined, ended: () => pacer.stop() };
  relay = new Relay({ device: deviceLeg, service: serviceLeg }, framingOf('raw'), events, clock);
  pacer = new Pacer({ leg: deviceLeg, hold: () => relay.hold('device'), release: () => relay.release('device') }, clock);
  service.on('message', (message) => (mine.bytes += message.length));
  device.resume();
  service.resume();
});
afterEach(async () => {
  pacer.stop();
  device.terminate();
  await clock.advance(1);
  expect(clock.pendingTimers).toBe(0);
});

/** The device always has this much to say. */
function keepSending(messageBytes: number, count: number): void {
  for (let message = 0; message < count; message += 1) device.send(new Uint8Array(messageBytes));
}

/** What arrives within these seconds. */
async function arrivesIn(seconds: number): Promise<number> {
  const before = got.bytes;
  await clock.advance(seconds * 1_000, { stepMs: 50 });
  return got.bytes - before;
}

describe('a direction', () => {
  it.each([
    { rate: 10 * KIB, messageBytes: 1_000, seconds: 10 },
    { rate: 1_000 * KIB, messageBytes: 64 * KIB, seconds: 5 },
    { rate: 300 * KIB, messageBytes: 100, seconds: 2 },
    // The burst of a second is less than one message.
    { rate: 16 * KIB, messageBytes: 64 * KIB, seconds: 60 },
  ])('carries $rate bytes per second, in messages of $messageBytes', async ({ rate, messageBytes, seconds }) => {
    pacer.set(rate);
    keepSending(messageBytes, Math.ceil((2 * rate * seconds) / messageBytes));
    const bytes = await arrivesIn(seconds);
    expect(bytes / seconds).toBeGreaterThan(0.9 * rate);
    expect(bytes / seconds).toBeLessThan(1.1 * rate);
  });

  it('takes another rate while it runs, and none', async () => {
    pacer.set(10 * KIB);
    keepSending(KIB, 1_000);
    await arrivesIn(5);
    pacer.set(100 * KIB);
    expect((await arrivesIn(5)) / (500 * KIB)).toBeCloseTo(1, 1);
    pacer.set(Infinity);
    await arrivesIn(1);
    expect(got.bytes).toBe(1_000 * KIB);
    expect(clock.pendingTimers).toBe(0);
  });

  it('loses nothing when the stream ends while it is held', async () => {
    pacer.set(10 * KIB);
    keepSending(KIB, 100);
    device.close(1000);
    await arrivesIn(20);
    expect(got.bytes).toBe(100 * KIB);
  });

  it('is read only when neither the rate nor a slow reader is against it', async () => {
    let reading = false;
    const spy = { pause: deviceLeg.pause.bind(deviceLeg), resume: deviceLeg.resume.bind(deviceLeg) };
    deviceLeg.pause = () => ((reading = false), spy.pause());
    deviceLeg.resume = () => ((reading = true), spy.resume());
    service.pause();
    pacer.set(64 * KIB);
    keepSending(64 * KIB, 4);
    // Both: 128 KiB wait for the service.
    await clock.advance(3_000, { stepMs: 50 });
    expect([reading, got.bytes]).toEqual([false, 0]);
    service.resume();
    await clock.advance(1);
    expect(got.bytes).toBe(192 * KIB);
    expect(reading).toBe(false);
    await clock.advance(10_000, { stepMs: 50 });
    expect([reading, got.bytes]).toEqual([true, 256 * KIB]);
  });
});

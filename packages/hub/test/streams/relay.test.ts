// The relay between two legs in memory: order, counting, back-pressure, and how an end is passed on.
import { FakeClock } from '@streams/testkit';
import { framingOf, type Leg, type LegEnd, memoryLegPair, RELAY_HIGH_WATER_BYTES } from '@streams/protocol/internal';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Role } from '../../src/streams/handshake.ts';
import { Relay, type RelayEvents, type RelayReport } from '../../src/streams/relay.ts';
import { until } from '../support/streams.ts';

let clock: FakeClock;
let device: Leg;
let service: Leg;
let relay: Relay;
let reports: RelayReport[];
let stalls: Role[];
const ends: { device?: LegEnd; service?: LegEnd } = {};

const events: RelayEvents = { stalled: (to) => void stalls.push(to), ended: (report) => void reports.push(report) };

beforeEach(() => {
  clock = new FakeClock();
  reports = [];
  stalls = [];
  const [deviceEnd, deviceLeg] = memoryLegPair(clock);
  const [serviceEnd, serviceLeg] = memoryLegPair(clock);
  [device, service] = [deviceEnd, serviceEnd];
  delete ends.device;
  delete ends.service;
  device.on('close', (end) => (ends.device = end));
  service.on('close', (end) => (ends.service = end));
  relay = new Relay({ device: deviceLeg, service: serviceLeg }, framingOf('streams.v1'), events, clock);
});

describe('messages', () => {
  it('go both ways in order, binary and text as they are', async () => {
    const got: unknown[] = [];
    service.on('message', (message) => got.push(message));
    service.resume();
    device.send(Uint8Array.of(0, 1));
    device.send('text');
    device.send(Uint8Array.of(0, 2));
    await until(() => got.length === 3);
    expect(got).toEqual([Uint8Array.of(0, 1), 'text', Uint8Array.of(0, 2)]);
  });

  it('are counted without their header', async () => {
    device.resume();
    service.resume();
    device.send(new Uint8Array(11));
    service.send(new Uint8Array(101));
    service.send(new Uint8Array(1));
    // What the service has sent must be in before the device leaves.
    await clock.advance(1);
    device.close(1000);
    await until(() => reports.length === 1);
    expect(reports[0]).toMatchObject({ bytesToService: 10, bytesToDevice: 100 });
  });
});

describe('a reader that stops', () => {
  it('D12 stops the writer, with bounded memory, and then gets everything', async () => {
    const message = new Uint8Array(65_536);
    let flushed = 0;
    let received = 0;
    service.on('message', () => (received += 1));
    for (let index = 0; index < 100; index += 1) device.send(message, () => (flushed += 1));
    await clock.advance(1_000);
    // The relay has taken what fits below its mark, and no more.
    expect(flushed).toBe(RELAY_HIGH_WATER_BYTES / message.length);
    expect(device.bufferedBytes).toBe(message.length * (100 - flushed));
    expect(stalls).toEqual(['service']);
    service.resume();
    await until(() => received === 100);
    await until(() => device.bufferedBytes === 0);
  });
});

it('a close without a code is the clean end of a raw stream', async () => {
  const [deviceEnd, deviceLeg] = memoryLegPair(clock);
  const [serviceEnd, serviceLeg] = memoryLegPair(clock);
  const end = new Promise<LegEnd>((resolve) => serviceEnd.once('close', resolve));
  new Relay({ device: deviceLeg, service: serviceLeg }, framingOf('raw'), events, clock);
  serviceEnd.resume();
  deviceEnd.send(new Uint8Array(10));
  deviceEnd.close(1005);
  expect(await end).toMatchObject({ code: 1000 });
  await until(() => reports.length === 1);
  expect(reports[0]).toMatchObject({ bytesToService: 10, closeCode: 1000, endedBy: 'device' });
});

describe('an end', () => {
  it.each([
    { code: 1000, reason: '', passedOn: 1000 },
    { code: 4400, reason: 'enough', passedOn: 4400 },
    { code: 4411, reason: 'later protocols', passedOn: 4411 },
    { code: 1008, reason: '', passedOn: 1008 },
  ])('with $code reaches the other side', async ({ code, reason, passedOn }) => {
    device.resume();
    service.resume();
    device.close(code, reason);
    await until(() => reports.length === 1);
    expect(ends.service).toMatchObject({ code: passedOn, reason });
    expect(reports[0]).toMatchObject({ endedBy: 'device', closeCode: passedOn, reason });
  });

  it('without a code is a lost peer', async () => {
    device.resume();
    service.resume();
    service.terminate();
    await until(() => reports.length === 1);
    expect(ends.device).toMatchObject({ code: 4410, reason: '' });
    expect(reports[0]).toMatchObject({ endedBy: 'service', closeCode: 4410 });
  });

  it('E5 with 1000 delivers what is queued for a slow reader first', async () => {
    let received = 0;
    service.on('message', () => (received += 1));
    for (let index = 0; index < 3; index += 1) device.send(new Uint8Array(65_536));
    device.resume();
    device.close(1000);
    await clock.advance(600_000, { stepMs: 60_000 });
    expect(ends.service).toBeUndefined();
    service.resume();
    await until(() => ends.service !== undefined);
    expect(received).toBe(3);
    expect(ends.service).toMatchObject({ code: 1000 });
  });

  it('with another code does not wait for a reader that has stopped', async () => {
    device.resume();
    device.send(new Uint8Array(65_536));
    await clock.advance(1);
    device.close(4400, 'enough');
    await clock.advance(3_000);
    await until(() => reports.length === 1);
    expect(ends.service).toMatchObject({ code: 1006 });
  });

  it('D14 of a hub that has too much to keep waits for no reader that has stopped', async () => {
    device.resume();
    for (let index = 0; index < 3; index += 1) device.send(new Uint8Array(65_536));
    await clock.advance(1);
    expect(relay.stalledAtMs).toBeLessThan(Infinity);
    relay.drop(1013, 'OVERLOADED;retry=1');
    await until(() => reports.length === 1);
    expect(ends.service).toMatchObject({ code: 1006 });
    expect(ends.device).toMatchObject({ code: 1013, reason: 'OVERLOADED;retry=1' });
    expect(reports[0]).toMatchObject({ endedBy: 'hub', closeCode: 1013 });
  });

  it("is the hub's when the hub closes", async () => {
    device.resume();
    service.resume();
    relay.close(1012, 'DRAINING;retry=1');
    await until(() => reports.length === 1);
    expect(reports[0]).toMatchObject({ endedBy: 'hub', closeCode: 1012 });
    expect(ends.device).toMatchObject({ code: 1012, reason: 'DRAINING;retry=1' });
    expect(ends.service).toMatchObject({ code: 1012 });
  });
});

// Peers that die without a word, on the fake clock: how soon the hub notices, and that it keeps its own side alive.
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { FakeClock, leakCheck, OPCODE, type RawPeer } from '@streams/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { limitReached } from './support/prometheus.ts';
import { rawLink, rawStream } from './support/raw.ts';
import { call } from './support/rest.ts';
import { until } from './support/streams.ts';

const leaks = leakCheck();
const peers: RawPeer[] = [];
let clock: FakeClock;
let test: TestHub;
beforeEach(async () => {
  clock = new FakeClock();
  test = await startTestHub({ clock });
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy();
  await test.close();
  await until(() => clock.pendingTimers === 0);
  await leaks.settled();
});

/** A device that is connected, and says nothing of its own accord. */
async function silentDevice(): Promise<RawPeer> {
  const [link] = await rawLink(test, 'a');
  peers.push(link);
  await link.readFrame();
  return link;
}

/** Both legs of a stream, opened by hand. */
async function silentLegs(): Promise<[device: RawPeer, service: RawPeer]> {
  const { link, device, service } = await rawStream(test, 'a');
  peers.push(link, device, service);
  return [device, service];
}

it('E1 a control link gets a ping after 20 to 30 s, and is dead after 45 s without a byte', async () => {
  const link = await silentDevice();
  await clock.advance(19_000, { stepMs: 1_000 });
  expect(link.unread.length).toBe(0);
  await clock.advance(16_000, { stepMs: 1_000 });
  expect((await link.readFrame()).opcode).toBe(OPCODE.ping);
  const { body } = await call(test, 'GET', '/v1/devices/a');
  expect(body['connected']).toBe(true);
  await clock.advance(11_000, { stepMs: 1_000 });
  expect((await link.readClose()).code).toBe(1006);
  expect((await call(test, 'GET', '/v1/devices/a')).body['connected']).toBe(false);
});

it('a control link whose device answers pings lives for ever', async () => {
  const link = await silentDevice();
  for (let minute = 0; minute < 5; minute += 1) {
    await clock.advance(35_000, { stepMs: 1_000 });
    link.writeFrame({ opcode: OPCODE.pong, payload: (await link.readFrame()).payload });
    await clock.advance(1);
  }
  expect((await call(test, 'GET', '/v1/devices/a')).body['connected']).toBe(true);
});

it('keepAliveMs: pings on control links and legs as often', async () => {
  await test.close();
  test = await startTestHub({ clock, keepAliveMs: 2_000 });
  const [device, service] = await silentLegs();
  const [link] = peers as [RawPeer];
  await clock.advance(20_000, { stepMs: 1_000 });
  for (const peer of [link, device, service]) {
    for (let ping = 0; ping < 9; ping += 1) expect((await peer.readFrame()).opcode).toBe(OPCODE.ping);
  }
});

it('E1 a leg that is read is dead within 25 s, not before 24 s, and the other side is told', async () => {
  const [device, service] = await silentLegs();
  for (let second = 0; second < 24; second += 1) {
    // The service shows life; the device does not.
    service.writeFrame({ opcode: OPCODE.pong });
    await clock.advance(1_000);
  }
  expect(test.records.filter(({ operation }) => operation === 'stream')).toHaveLength(0);
  service.writeFrame({ opcode: OPCODE.pong });
  await clock.advance(1_500, { stepMs: 500 });
  expect((await service.readClose()).code).toBe(4410);
  expect((await device.readClose()).code).toBe(1006);
});

it('D5 a leg that floods the hub with pings is closed with 1008, and the other side is told that it is lost', async () => {
  const [device, service] = await silentLegs();
  for (let frame = 0; frame < 150; frame += 1) service.writeFrame({ opcode: OPCODE.ping });
  expect(await service.readClose()).toEqual({ code: 1008, reason: 'FLOOD;retry=0' });
  service.end();
  expect((await device.readClose()).code).toBe(4410);
  expect(await limitReached(test, 'controlFrames')).toBe(1);
});

it('a leg gets a ping after 15 s of the hub’s silence', async () => {
  const [device] = await silentLegs();
  await clock.advance(14_000, { stepMs: 1_000 });
  expect(device.unread.length).toBe(0);
  await clock.advance(2_000, { stepMs: 1_000 });
  expect((await device.readFrame()).opcode).toBe(OPCODE.ping);
});

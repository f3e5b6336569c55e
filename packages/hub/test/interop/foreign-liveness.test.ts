// The duties of docs/protocol.md, section 10: why answering pings is not enough.
import { DeviceClient, type DeviceStream } from '@streams/device';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { FakeClock } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Times } from '../foreign/liveness.ts';
import { ForeignService } from '../foreign/service.ts';
import { ForeignStream } from '../foreign/stream.ts';

const clock = new FakeClock();
let hub: TestHub;
let device: DeviceClient;
let accepted: Promise<DeviceStream>;

beforeAll(async () => {
  hub = await startTestHub({ clock });
  device = DeviceClient.fromConnectionString(await hub.deviceConnectionString('pump-7'));
  device.onStreamRequest((request) => void (accepted = request.accept()));
  await device.connect();
});

afterAll(async () => {
  const closing = [device.close(), hub.close()];
  await clock.advance(10_000, { stepMs: 500, realMs: 2 });
  await Promise.all(closing);
});

/** A stream of a foreign service, whose duties run in real time; the hub's time is the test's. */
async function open(times: Partial<Times>): Promise<{ near: ForeignStream; far: DeviceStream }> {
  const service = new ForeignService(await hub.serviceConnectionString());
  const connection = await service.join(await service.ask('pump-7'));
  return { near: new ForeignStream(connection, { tick: 5, idle: Infinity, dead: Infinity, ...times }), far: await accepted };
}

/** Lets the device send for 40 s of the hub's time. */
async function sendForLong(far: DeviceStream): Promise<void> {
  const sending = setInterval(() => void far.write('more'), 2);
  await clock.advance(40_000, { stepMs: 1_000, realMs: 10 });
  clearInterval(sending);
}

it('a client that only receives, and sends no pongs, is cut after 25 s', async () => {
  const { near, far } = await open({});
  near.resume();
  await sendForLong(far);
  expect(await near.outcome).toEqual({ by: 'network', reason: '', clean: false });
  expect(await far.outcome).toMatchObject({ by: 'peer', clean: false });
});

it('a client that only receives, and sends pongs, lives', async () => {
  const { near, far } = await open({ idle: 5 });
  near.resume();
  await sendForLong(far);
  expect([near.destroyed, far.destroyed]).toEqual([false, false]);
  near.destroy();
  await far.outcome;
});

it('a raw client that only receives, and shows no life by itself, lives', async () => {
  const service = new ForeignService(await hub.serviceConnectionString());
  const near = (await service.openRaw('pump-7')).resume();
  const far = await accepted;
  await sendForLong(far);
  expect([near.destroyed, far.destroyed]).toEqual([false, false]);
  near.destroy();
  await far.outcome;
});

it('a raw client that is silent lives by its answers to pings, and is dead without them', async () => {
  const service = new ForeignService(await hub.serviceConnectionString());
  const near = (await service.openRaw('pump-7')).resume();
  const far = await accepted;
  far.resume();
  await clock.advance(60_000, { stepMs: 1_000, realMs: 10 });
  expect([near.destroyed, far.destroyed]).toEqual([false, false]);
  // A peer that vanished answers nothing and closes nothing.
  near.deaf();
  await clock.advance(27_000, { stepMs: 1_000, realMs: 10 });
  expect(await far.outcome).toMatchObject({ by: 'peer', clean: false });
  near.kill();
});

it('a client that reads nothing, pings included, lives by its pongs', async () => {
  const { near, far } = await open({ idle: 5 });
  await clock.advance(40_000, { stepMs: 1_000, realMs: 10 });
  expect([near.destroyed, far.destroyed]).toEqual([false, false]);
  near.destroy();
  await far.outcome;
});

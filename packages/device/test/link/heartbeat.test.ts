// Life of the control link: own silence is broken, a silent hub is noticed, and at once where the machine has slept or moved.
import type { DeviceClient } from '@streams/device';
import { watchMachine } from '@streams/protocol/internal';
import { FakeClock, type FaultProxy } from '@streams/testkit';
import { describe, expect, it } from 'vitest';
import { FakeHub, type FakeLink } from '../support/fake-hub.ts';
import { DEVICE, expectNoLeaks, type Rig, startRig, until } from '../support/rig.ts';

expectNoLeaks();

const STEPS = { stepMs: 1_000, realMs: 1 };
const FROZEN = { up: { frozen: true }, down: { frozen: true } };

/** A device and the far end of its link. */
async function fakeLink(): Promise<{ hub: FakeHub; device: DeviceClient; link: FakeLink }> {
  const hub = await FakeHub.start();
  const links: FakeLink[] = [];
  hub.onUpgrade = (upgrade) => void links.push(upgrade.grant(hub.welcome()));
  const device = hub.device();
  await device.connect();
  return { hub, device, link: links[0] as FakeLink };
}

/** A connected device, and the network between it and a real hub. */
async function proxiedLink(): Promise<{ rig: Rig; device: DeviceClient; proxy: FaultProxy }> {
  const rig = await startRig();
  const proxy = await rig.proxy();
  const device = await rig.echoDevice({ port: proxy.port });
  return { rig, device, proxy };
}

describe('a machine that has slept', () => {
  it.each([
    ['five seconds', 5_000, 1],
    ['a night', 8 * 3_600_000, 1],
    ['less than five seconds', 4_900, 0],
    ['a clock that was set back', -3_600_000, 0],
  ])('asks the hub for a sign of life after a jump of %s', async (_what, jumpMs, probes) => {
    const { hub, link } = await fakeLink();
    hub.clock.jumpWall(jumpMs);
    await hub.clock.advance(5_000, STEPS);
    await until('the probe, if any', () => link.count('ping') >= probes);
    await hub.clock.advance(4_000, STEPS);
    expect(link.count('ping')).toBe(probes);
  });

  it('asks once for each jump', async () => {
    const { hub, link } = await fakeLink();
    hub.clock.jumpWall(60_000);
    await hub.clock.advance(5_000, STEPS);
    await until('the first probe', () => link.count('ping') === 1);
    link.send('{"type":"of a newer hub"}');
    await hub.clock.advance(14_000, STEPS);
    expect(link.count('ping')).toBe(1);
    hub.clock.jumpWall(60_000);
    await hub.clock.advance(5_000, STEPS);
    await until('the second probe', () => link.count('ping') === 2);
  });

  it('keeps a link whose hub answers', async () => {
    const { rig, device, proxy } = await proxiedLink();
    rig.clock.jumpWall(60_000);
    await rig.clock.advance(20_000, STEPS);
    expect(device.state.name).toBe('connected');
    expect(proxy.connections).toHaveLength(1);
  });

  it('cuts within five seconds a link whose hub is silent, and dials anew', async () => {
    const { rig, device, proxy } = await proxiedLink();
    proxy.connections[0]?.inject(FROZEN);
    rig.clock.jumpWall(3_600_000);
    // The jump is seen at the next look, five seconds at most from now.
    await rig.clock.advance(5_000, STEPS);
    expect(device.state.name).toBe('connected');
    await rig.clock.advance(4_900, STEPS);
    expect(device.state.name).toBe('connected');
    await rig.clock.advance(100, STEPS);
    await until('the cut', () => device.state.name === 'waiting');
    expect(device.state).toMatchObject({ attempt: 1, cause: { code: 'STREAMS_CONNECT_FAILED', details: { closeCode: 1006 } } });
    await rig.clock.advance(2_000, STEPS);
    await until('the new link', () => device.state.name === 'connected');
    const stream = await (await rig.service()).createStream(DEVICE);
    expect(stream.deviceId).toBe(DEVICE);
    stream.destroy();
  });
});

it('a machine with a new address asks the hub for a sign of life, once; one that goes and comes back is no reason', async () => {
  const clock = new FakeClock();
  let probes = 0;
  let addresses = ['127.0.0.1', '10.0.0.2'];
  const stop = watchMachine(
    () => (probes += 1),
    clock,
    () => addresses,
  );
  addresses = ['127.0.0.1'];
  await clock.advance(10_000);
  addresses = ['127.0.0.1', '10.0.0.2'];
  await clock.advance(10_000);
  expect(probes).toBe(0);
  addresses = ['127.0.0.1', '10.9.9.9'];
  await clock.advance(20_000);
  expect(probes).toBe(1);
  stop();
  expect(clock.pendingTimers).toBe(0);
});

describe('a machine that is awake', () => {
  it('breaks its own silence after 25 seconds, give or take a fifth and a look', async () => {
    const { hub, link } = await fakeLink();
    const beats: number[] = [];
    for (let seconds = 1; seconds <= 120 && beats.length < 3; seconds += 1) {
      await hub.clock.advance(1_000, { realMs: 1 });
      // Keeps the link alive from the other side.
      link.send('{"type":"of a newer hub"}');
      if (link.count('pong') > beats.length) beats.push(seconds);
    }
    expect(beats).toHaveLength(3);
    const gaps = beats.map((beat, index) => beat - (beats[index - 1] ?? 0));
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(20);
      expect(gap).toBeLessThanOrEqual(36);
    }
    expect(link.count('ping')).toBe(0);
  });

  it('E1 leaves a hub that has been silent for 45 seconds', async () => {
    const { rig, device, proxy } = await proxiedLink();
    proxy.inject(FROZEN);
    await rig.clock.advance(39_000, STEPS);
    expect(device.state.name).toBe('connected');
    await rig.clock.advance(11_000, STEPS);
    await until('the loss is noticed', () => device.state.name !== 'connected');
  });

  it('stays connected for forty minutes in which nothing happens', async () => {
    const { rig, device, proxy } = await proxiedLink();
    await rig.clock.advance(40 * 60_000);
    expect(device.state.name).toBe('connected');
    expect(proxy.connections).toHaveLength(1);
  });
});

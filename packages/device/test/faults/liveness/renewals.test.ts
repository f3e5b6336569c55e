// An hour of a device whose link is renewed before its credential ends, with requests all the time.
import type { FaultConnection } from '@streams/testkit';
import { expect, it } from 'vitest';
import { DEVICE, expectNoLeaks, MIDDLE, roundTrip, startRig } from '../../support/rig.ts';

expectNoLeaks();

const MINUTE_MS = 60_000;

it('A11 the successor comes before the link goes: no request is lost', async () => {
  const rig = await startRig();
  const proxy = await rig.proxy();
  const device = await rig.echoDevice({ port: proxy.port, random: MIDDLE });
  const service = await rig.service();
  const links = new Set<FaultConnection>();
  let served = 0;
  const ask = async (): Promise<void> => {
    const stream = await service.createStream(DEVICE);
    expect(await roundTrip(stream, `request ${served}`)).toMatch(/^request \d+$/);
    served += 1;
  };
  const step = async (ms: number): Promise<void> => {
    // Some are made while the time passes, and one after it.
    const asked = [ask(), ask()];
    await rig.clock.advance(ms, { stepMs: 250, realMs: ms > 1_000 ? 0 : 1 });
    await Promise.all([...asked, ask()]);
    for (const connection of proxy.connections) links.add(connection);
    expect(device.state.name).toMatch(/^(connected|renewing)$/);
  };
  for (let minute = 0; minute < 47; minute += 1) {
    await rig.clock.advance(MINUTE_MS - 2_000);
    if (minute % 3 === 0) await step(2_000);
    else await rig.clock.advance(2_000);
  }
  await rig.clock.advance(57_000);
  for (let second = 0; second < 9; second += 0.5) await step(500);
  for (let minute = 49; minute <= 61; minute += 3) {
    await rig.clock.advance(3 * MINUTE_MS - 2_000);
    await step(2_000);
  }
  expect(rig.clock.monotonicMs()).toBeGreaterThan(60 * MINUTE_MS);
  expect(served).toBe(3 * (16 + 18 + 5));
  expect(links.size).toBe(2);
  expect(proxy.connections).toHaveLength(1);
});

// Two instances of one device that take turns.
import { ReplacedError } from '@streams/device';
import { leakCheck } from '@streams/testkit';
import { afterAll, expect, it } from 'vitest';
import { DEVICE, roundTrip, startRig } from '../../support/rig.ts';

const leaks = leakCheck();
afterAll(() => leaks.settled());

it('E7 of 20 instances that connect one after the other the newest has the place, and none fights', async () => {
  const rig = await startRig();
  const proxy = await rig.proxy();
  await rig.echoDevice({ id: 'canary' });
  const service = await rig.service();
  const canary = await service.createStream('canary');
  let device = await rig.echoDevice({ port: proxy.port });
  for (let round = 0; round < 20; round += 1) {
    const older = device;
    device = await rig.echoDevice({ port: proxy.port });
    expect(await older.closed).toBeInstanceOf(ReplacedError);
    expect(older.state.name).toBe('closed');
  }
  await rig.clock.advance(600_000, { stepMs: 5_000 });
  expect(proxy.connections).toHaveLength(1);
  expect(device.state.name).toBe('connected');
  expect(await roundTrip(await service.createStream(DEVICE), 'the newest')).toBe('the newest');
  expect(await roundTrip(canary, 'of another device')).toBe('of another device');
});

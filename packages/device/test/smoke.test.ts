import { it, expect } from 'vitest';
import { FakeHub } from './support/fake-hub.ts';
import { startRig, roundTrip, expectNoLeaks } from './support/rig.ts';
expectNoLeaks();
it('fake', async () => {
  const hub = await FakeHub.start();
  hub.onUpgrade = (u) => void u.grant(hub.welcome());
  const d = hub.device();
  await d.connect();
  expect(d.state.name).toBe('connected');
});
it('real', async () => {
  const rig = await startRig();
  await rig.echoDevice();
  const s = await rig.service();
  const st = await s.createStream('pump-7');
  expect(await roundTrip(st, 'hello')).toBe('hello');
});

// A login in which nobody types, for 20 keep-alive intervals, over middleboxes that forget what is silent. Time goes ten times as fast.
import { once } from 'node:events';
import { createDeviceProxy, DeviceClient } from '@streams/device';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { type Clock, LEG_IDLE_MS, systemClock } from '@streams/protocol/internal';
import { createServiceProxy, ServiceClient } from '@streams/service';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ImpatientMiddlebox } from './support/impatient-middlebox.ts';
import { startLogin } from './support/login.ts';
import { Scratch, until } from '../../../../test/support/programs.ts';
import { type Sshd, startSshd } from '../../../../test/support/sshd.ts';

const SPEED = 10;
/** The shortest limit that is met in practice; the defaults of docs/protocol.md are made for it. */
const MOST_IDLE_MS = 60_000;
const INTERVALS = 20;
const DEVICE = 'pump-7';

/** The commands have no option for it, so the times of hub and SDKs are shortened through their clock. */
const fastClock: Clock = {
  wallMs: () => START_WALL_MS + fastClock.monotonicMs(),
  monotonicMs: () => systemClock.monotonicMs() * SPEED,
  after: (delayMs, action) => systemClock.after(delayMs / SPEED, action),
  every: (periodMs, action) => systemClock.every(periodMs / SPEED, action),
};
const START_WALL_MS = Math.floor(systemClock.wallMs() - fastClock.monotonicMs());

let scratch: Scratch;
let sshd: Sshd;
let hub: TestHub;
let middlebox: ImpatientMiddlebox;

beforeAll(async () => {
  scratch = await Scratch.make();
  sshd = await startSshd(scratch);
  middlebox = await ImpatientMiddlebox.start(MOST_IDLE_MS / SPEED);
  hub = await startTestHub({ clock: fastClock, publicUrl: `https://127.0.0.1:${middlebox.port}` });
  middlebox.target = hub.port;
});
afterAll(async () => {
  await hub?.close();
  await middlebox?.close();
  await sshd?.stop();
  await scratch?.remove();
});

it(`a login that says nothing for ${INTERVALS} keep-alive intervals goes on`, async () => {
  const settings = { clock: fastClock };
  await using device = DeviceClient.fromConnectionString(await hub.deviceConnectionString(DEVICE), settings);
  await using _deviceProxy = createDeviceProxy(device, { services: { ssh: `127.0.0.1:${sshd.port}` }, clock: fastClock });
  let links = 0;
  device.on('connected', () => (links += 1));
  await device.connect();
  await using service = ServiceClient.fromConnectionString(await hub.serviceConnectionString(), settings);
  await using serviceProxy = await createServiceProxy(service, { deviceId: DEVICE, forwards: [{ port: 0, name: 'ssh' }] });
  const login = await startLogin(sshd, serviceProxy.forwards[0]?.port ?? 0);

  const startMs = fastClock.monotonicMs();
  let ended = false;
  void once(login.child, 'exit').then(() => (ended = true));
  await until('the time is over', () => ended || fastClock.monotonicMs() - startMs > INTERVALS * LEG_IDLE_MS, 40_000);
  login.child.stdin?.end('after\n');
  expect(await login.ended).toEqual({ code: 7, stdout: 'before\nafter\n', stderr: '' });
  expect(links).toBe(1);
});

// A login in which nobody types, for 20 keep-alive intervals, over middleboxes that forget what is silent. The intervals are
// shortened by the hub's option, as `streams hub start --keep-alive` does.
import { once } from 'node:events';
import { createDeviceProxy, DeviceClient } from '@streams/device';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { createServiceProxy, ServiceClient } from '@streams/service';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ImpatientMiddlebox } from './support/impatient-middlebox.ts';
import { startLogin } from './support/login.ts';
import { Scratch, until } from '../../../../test/support/programs.ts';
import { type Sshd, startSshd } from '../../../../test/support/sshd.ts';

const KEEP_ALIVE_MS = 1_000;
/** In the proportion of the shortest limit in practice to the default interval; a second more for what a loaded machine takes. */
const MOST_IDLE_MS = 4 * KEEP_ALIVE_MS + 1_000;
const INTERVALS = 20;
const DEVICE = 'pump-7';

let scratch: Scratch;
let sshd: Sshd;
let hub: TestHub;
let middlebox: ImpatientMiddlebox;

beforeAll(async () => {
  scratch = await Scratch.make();
  sshd = await startSshd(scratch);
  middlebox = await ImpatientMiddlebox.start(MOST_IDLE_MS);
  hub = await startTestHub({ keepAliveMs: KEEP_ALIVE_MS, publicUrl: `https://127.0.0.1:${middlebox.port}` });
  middlebox.target = hub.port;
});
afterAll(async () => {
  await hub?.close();
  await middlebox?.close();
  await sshd?.stop();
  await scratch?.remove();
});

it(`a login that says nothing for ${INTERVALS} keep-alive intervals goes on`, async () => {
  await using device = DeviceClient.fromConnectionString(await hub.deviceConnectionString(DEVICE));
  await using _deviceProxy = createDeviceProxy(device, { services: { ssh: `127.0.0.1:${sshd.port}` } });
  let links = 0;
  device.on('connected', () => (links += 1));
  await device.connect();
  await using service = ServiceClient.fromConnectionString(await hub.serviceConnectionString());
  await using serviceProxy = await createServiceProxy(service, { deviceId: DEVICE, forwards: [{ port: 0, name: 'ssh' }] });
  const login = await startLogin(sshd, serviceProxy.forwards[0]?.port ?? 0);

  const startMs = performance.now();
  let ended = false;
  void once(login.child, 'exit').then(() => (ended = true));
  await until('the time is over', () => ended || performance.now() - startMs > INTERVALS * KEEP_ALIVE_MS, 40_000);
  login.child.stdin?.end('after\n');
  expect(await login.ended).toEqual({ code: 7, stdout: 'before\nafter\n', stderr: '' });
  expect(links).toBe(1);
});

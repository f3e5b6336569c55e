// A cable that is pulled: nothing comes any more, not even an end. Real networks, real time.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { until } from '../../../../test/support/programs.ts';
import { HUB_ADDRESS, Networks } from '../e2e/support/networks.ts';
import { Home } from '../support/command.ts';

const PARTY = fileURLToPath(new URL('../support/silent-party.mjs', import.meta.url));
const DEVICE = 'pump-7';
/** The command that looks, and a busy machine. */
const MARGIN_MS = 3_000;

let networks: Networks;
let homes: Record<'hub' | 'device' | 'service', Home>;
beforeAll(async () => {
  networks = await Networks.make();
  homes = {
    hub: await Home.make(networks.prefix('hub')),
    device: await Home.make(networks.prefix('device')),
    service: await Home.make(networks.prefix('service')),
  };
});
afterAll(async () => {
  await Promise.all(Object.values(homes ?? {}).map((home) => home.remove()));
  await networks?.remove();
});

it('E1 the cable of a device is pulled: both ends of a stream know within 25 s, hub and device of the control link within 45 s', async () => {
  const hub = homes.hub.start(['hub', 'start', '--listen', HUB_ADDRESS, '--port', '443', '--json']);
  const [line] = await hub.prints(/^\{.*\}\n/);
  const { serviceConnectionString } = JSON.parse(line) as { serviceConnectionString: string };
  const { stdout } = await homes.hub.run(['devices', 'create', DEVICE]);
  const device = await homes.device.startProgram([process.execPath, PARTY, 'device', DEVICE], stdout.trim());
  await device.prints(/^connected$/m);
  const service = await homes.service.startProgram([process.execPath, PARTY, 'service', DEVICE], serviceConnectionString);
  await Promise.all([service.prints(/^open$/m), device.prints(/^open$/m)]);
  const startMs = performance.now();
  const after = async (what: string, happened: Promise<unknown>): Promise<number> => {
    await happened;
    const ms = performance.now() - startMs;
    console.log(`E1: ${what} after ${(ms / 1_000).toFixed(1)} s`);
    return ms;
  };
  await networks.connectDevice(false);
  const [served, devices, link, listed] = await Promise.all([
    after('the service knew', service.prints(/^\{"code":"STREAMS_STREAM_TERMINATED","by":"peer","closeCode":4410\}$/m)),
    after('the device knew of its stream', device.prints(/^\{"code":"STREAMS_STREAM_TERMINATED","by":"network".*\}$/m)),
    after('the device knew of its link', device.prints(/^waiting$/m)),
    after('the hub knew', until('the hub lists nobody', isGone, 60_000)),
  ]);
  for (const ms of [served, devices]) expect(ms).toBeLessThan(25_000 + MARGIN_MS);
  for (const ms of [link, listed]) expect(ms).toBeLessThan(45_000 + MARGIN_MS);
  const backMs = performance.now();
  await networks.connectDevice(true);
  await until('it is back', async () => !(await isGone()), 60_000);
  console.log(`E1: the device was back ${((performance.now() - backMs) / 1_000).toFixed(1)} s after its cable`);
}, 180_000);

async function isGone(): Promise<boolean> {
  const { stdout } = await homes.hub.run(['devices', 'list', '--connected', '--json']);
  return !stdout.includes(DEVICE);
}

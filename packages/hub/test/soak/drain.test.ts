// E9: as packages/hub/test/faults/liveness/drain.test.ts, with 1,000 streams of 1,000 devices, which are to come back spread out.
import { once } from 'node:events';
import { DeviceClient } from '@streams/device';
import { type DeviceStream, ServiceClient } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterAll, expect, it } from 'vitest';
import { HubProcess } from '../support/hub-process.ts';
import { echo, until } from '../support/streams.ts';

const leaks = leakCheck();
afterAll(() => leaks.settled());

const DEVICES = 1_000;
/** That connect at once. */
const AT_ONCE = 50;
/** Parts of the time in which devices come back, and how many times the mean one of them may hold. */
const PARTS = 10;
const MOST_TIMES = 3;

/** Of each device its client, and an established stream. */
interface Pair {
  readonly device: DeviceClient;
  readonly stream: DeviceStream;
}

async function connect(test: HubProcess, service: ServiceClient, id: string): Promise<Pair> {
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString(id));
  echo(device);
  await device.connect();
  return { device, stream: await service.createStream(id, { resume: 'off' }) };
}

it(`E9 SIGTERM under ${DEVICES} streams of as many devices: half end cleanly, the rest with 1012, the devices come back spread out, the process ends with 0`, async () => {
  await using test = await HubProcess.start();
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
  const pairs: Pair[] = [];
  while (pairs.length < DEVICES) {
    const ids = Array.from({ length: AT_ONCE }, (_, index) => `device-${pairs.length + index}`);
    pairs.push(...(await Promise.all(ids.map((id) => connect(test, service, id)))));
  }
  const streams = pairs.map(({ stream }) => stream);
  const [cut, finishing] = [streams.slice(0, DEVICES / 2), streams.slice(DEVICES / 2)];
  const errors = Promise.all(cut.map(async (stream) => (await once(stream, 'error'))[0] as unknown));
  /** When each dials for the first time after the loss of its link. */
  const dialsMs: number[] = [];
  for (const { device } of pairs)
    device.on('state', (state) => state.name === 'waiting' && state.attempt === 1 && dialsMs.push(performance.now() + state.delayMs));
  const startMs = performance.now();
  const exit = test.kill('SIGTERM');
  const texts = await Promise.all(finishing.map(async (stream) => (await stream.end('until the end').toArray()).join('')));
  expect(new Set(texts)).toEqual(new Set(['until the end']));
  expect(await Promise.all(finishing.map(async ({ outcome }) => (await outcome).clean))).not.toContain(false);
  for (const error of await errors) expect(error).toMatchObject({ code: 'STREAMS_STREAM_TERMINATED', by: 'hub', closeCode: 1012 });
  expect(await exit).toBe(0);
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeLessThan(65_000);
  await until(() => dialsMs.length === DEVICES);
  const [fromMs, untilMs] = [Math.min(...dialsMs), Math.max(...dialsMs) + 1];
  const parts = Array.from({ length: PARTS }, () => 0);
  for (const ms of dialsMs) {
    const part = Math.floor((PARTS * (ms - fromMs)) / (untilMs - fromMs));
    parts[part] = (parts[part] ?? 0) + 1;
  }
  const summary = `${Math.round(untilMs - fromMs)} ms, in each tenth of them: ${parts.join(' ')}`;
  console.log(`E9: ended after ${Math.round(tookMs)} ms; the devices dial within ${summary}`);
  expect(Math.max(...parts)).toBeLessThan((MOST_TIMES * DEVICES) / PARTS);
  service.destroy();
  for (const { device } of pairs) device.destroy();
  await Promise.all([service.close(), ...pairs.map(({ device }) => device.close())]);
});

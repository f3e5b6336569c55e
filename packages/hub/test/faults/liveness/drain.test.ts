// A hub's process that is asked to end under many streams.
import { once } from 'node:events';
import { DeviceClient } from '@streams/device';
import { type DeviceStream, ServiceClient, StreamsError } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterAll, expect, it } from 'vitest';
import { HubProcess } from '../../support/hub-process.ts';
import { echo } from '../../support/streams.ts';

const leaks = leakCheck();
afterAll(() => leaks.settled());

const STREAMS = 100;

it('E9 SIGTERM under 100 streams: new ones get 503 with a wait, those that end in time end cleanly, the rest with 1012, the process with 0', async () => {
  await using test = await HubProcess.start();
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString('a'));
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
  echo(device);
  await device.connect();
  const streams: DeviceStream[] = [];
  for (let made = 0; made < STREAMS; made += 1) streams.push(await service.createStream('a', { resume: 'off' }));
  const cut = streams.splice(0, STREAMS / 2);
  const errors = Promise.all(cut.map(async (stream) => (await once(stream, 'error'))[0] as unknown));
  const startMs = performance.now();
  const exit = test.kill('SIGTERM');
  let refusal: unknown;
  // Until the signal has come.
  while (!StreamsError.is(refusal)) {
    refusal = await service.createStream('a', { resume: 'off' }).then(
      (stream) => stream.destroy(),
      (error: unknown) => error,
    );
  }
  expect(refusal).toMatchObject({ code: 'STREAMS_DRAINING', retryable: true, retryAfterMs: expect.any(Number) });
  // They still carry what they are given.
  const texts = await Promise.all(streams.map(async (stream) => (await stream.end('until the end').toArray()).join('')));
  expect(new Set(texts)).toEqual(new Set(['until the end']));
  expect(await Promise.all(streams.map(async ({ outcome }) => (await outcome).clean))).not.toContain(false);
  for (const error of await errors) expect(error).toMatchObject({ code: 'STREAMS_STREAM_TERMINATED', by: 'hub', closeCode: 1012 });
  expect(await exit).toBe(0);
  console.log(`E9: ended after ${Math.round(performance.now() - startMs)} ms`);
  expect(performance.now() - startMs).toBeLessThan(65_000);
  service.destroy();
  device.destroy();
  await Promise.all([service.close(), device.close()]);
}, 90_000);

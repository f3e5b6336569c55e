// More slow receivers than the hub has memory for: new streams are refused, those that run go on, and it ends with them.
import { DeviceClient } from '@streams/device';
import { type DeviceStream, ServiceClient, StreamsError } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterAll, expect, it } from 'vitest';
import { HubProcess } from '../../support/hub-process.ts';
import { observeHub } from '../../support/observe.ts';

const MIB = 2 ** 20;
const MAX_QUEUED_BYTES = 4 * MIB;
const OFFERED = Buffer.alloc(16 * MIB);
const MOST_STREAMS = 200;

const leaks = leakCheck();
afterAll(() => leaks.settled());

it('D14 streams that nobody reads are opened until 4 MiB wait; then 503, no memory, and others as before', async () => {
  await using test = await HubProcess.start({ options: { limits: { maxQueuedBytes: MAX_QUEUED_BYTES } } });
  const watched = await observeHub(test, { pid: test.pid, maxGrowthBytes: 150 * MIB });
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString('slow'));
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
  const accepted: DeviceStream[] = [];
  device.onStreamRequest(async (request) => void accepted.push((await request.accept()).on('error', () => undefined)));
  await device.connect();
  const before = test.residentBytes;
  const streams: DeviceStream[] = [];
  let refusal: unknown;
  while (!refusal && streams.length < MOST_STREAMS) {
    const opened = await service.createStream('slow', { resume: 'off' }).catch((error: unknown) => void (refusal = error));
    if (!opened) continue;
    opened.on('error', () => undefined).write(OFFERED);
    streams.push(opened);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(StreamsError.is(refusal)).toBe(true);
  expect(refusal).toMatchObject({
    code: 'STREAMS_OVERLOADED',
    retryable: true,
    details: { limit: 'maxQueuedBytes', max: MAX_QUEUED_BYTES },
  });
  expect((refusal as StreamsError).retryAfterMs).toBeGreaterThan(0);
  console.log(`D14: refused after ${streams.length} streams, ${Math.round((test.residentBytes - before) / MIB)} MiB resident more`);
  expect(streams.length).toBeLessThan(MOST_STREAMS);
  expect(test.residentBytes - before).toBeLessThan(150 * MIB);
  // As soon as they are gone there is room again.
  for (const stream of [...streams, ...accepted.splice(0)]) stream.destroy();
  await openAtLast(service);
  for (const stream of accepted) stream.destroy();
  service.destroy();
  device.destroy();
  await Promise.all([service.close(), device.close()]);
  await watched.settled(10_000);
}, 60_000);

/** As who honours `retryAfterMs`. */
async function openAtLast(service: ServiceClient): Promise<void> {
  for (let tries = 0; tries < 5; tries += 1) {
    const error = await service.createStream('slow', { resume: 'off' }).then(
      (stream) => void stream.on('error', () => undefined).destroy(),
      (thrown: unknown) => thrown as StreamsError,
    );
    if (!error) return;
    expect(error.code).toBe('STREAMS_OVERLOADED');
    await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs));
  }
  throw new Error('it stayed refused');
}

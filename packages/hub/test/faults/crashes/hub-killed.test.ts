// A hub's process that is killed under its streams: plain ones end typed and at once, sessions go on, and devices come back spread out.
import { once } from 'node:events';
import { DeviceClient, type DeviceStream, StreamTerminatedError } from '@streams/device';
import { ServiceClient } from '@streams/service';
import { leakCheck, seededRandom } from '@streams/testkit';
import { afterAll, expect, it } from 'vitest';
import { HubProcess } from '../../support/hub-process.ts';
import { until } from '../../support/streams.ts';

const leaks = leakCheck();
afterAll(() => leaks.settled());

/** With how it ended, once it has. */
async function failureOf(stream: DeviceStream): Promise<{ error: unknown; afterMs: number }> {
  const startMs = performance.now();
  const [error] = (await once(stream, 'error')) as [unknown];
  return { error, afterMs: performance.now() - startMs };
}

it('F1 a hub that is killed: both ends of a stream know within 1 s, and a session goes on with its successor', async () => {
  await using test = await HubProcess.start();
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString('a'), { random: seededRandom(1) });
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
  const accepted = new Map<string, DeviceStream>();
  device.onStreamRequest(async (request) => {
    const stream = await request.accept();
    accepted.set(request.name, stream);
    if (request.name === 'session') stream.pipe(stream);
  });
  await device.connect();
  const plain = await service.createStream('a', { name: 'plain', resume: 'off' });
  const session = await service.createStream('a', { name: 'session', resume: 'required' });
  await until(() => accepted.size === 2);
  let received = '';
  session.setEncoding('latin1').on('data', (text: string) => (received += text));
  session.write('before ');
  const failures = Promise.all([plain, accepted.get('plain') as DeviceStream].map(failureOf));
  await test.kill();
  session.write('between ');
  for (const { error, afterMs } of await failures) {
    expect(error).toBeInstanceOf(StreamTerminatedError);
    expect(error).toMatchObject({ code: 'STREAMS_STREAM_TERMINATED', by: 'network' });
    console.log(`F1: an end knew after ${Math.round(afterMs)} ms`);
    expect(afterMs).toBeLessThan(1_000);
  }
  await test.startAgain();
  session.end('after');
  await session.outcome;
  expect(received).toBe('before between after');
  await Promise.all([service.close(), device.close()]);
}, 60_000);

it('E8 100 devices of a hub that is killed are all back soon, and do not come all at once', async () => {
  await using test = await HubProcess.start();
  const strings = await Promise.all(Array.from({ length: 100 }, (_, index) => test.deviceConnectionString(`d-${index}`)));
  const devices = strings.map((string, index) => DeviceClient.fromConnectionString(string, { random: seededRandom(index + 1) }));
  await Promise.all(devices.map((device) => device.connect()));
  /** The waits that they have drawn. */
  const firstWaitsMs: number[] = [];
  for (const device of devices) {
    device.on('state', (state) => {
      if (state.name === 'waiting' && state.attempt === 1) firstWaitsMs.push(state.delayMs);
    });
  }
  const startMs = performance.now();
  await test.kill();
  await test.startAgain();
  await until(() => firstWaitsMs.length === devices.length && devices.every(({ state }) => state.name === 'connected'), 60_000);
  console.log(`E8: ${devices.length} devices were back after ${Math.round(performance.now() - startMs)} ms, the start of the hub among it`);
  // In 200 ms of these two seconds no more than three times their share.
  const most = Math.max(...Array.from({ length: 10 }, (_, tenth) => firstWaitsMs.filter((ms) => Math.floor(ms / 200) === tenth).length));
  expect(most).toBeLessThan(3 * (devices.length / 10));
  for (const device of devices) device.destroy();
  await Promise.all(devices.map((device) => device.close()));
}, 90_000);

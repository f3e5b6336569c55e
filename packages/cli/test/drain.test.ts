// `hub start` at its end: streams finish first, unless somebody is in a hurry.
import { once } from 'node:events';
import { DeviceClient } from '@streams/device';
import { type DeviceStream, ServiceClient } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Home, type Running } from './support/command.ts';

const leaks = leakCheck();
let home: Home;
beforeAll(async () => {
  home = await Home.make();
});
afterAll(async () => {
  await home.remove();
  await leaks.settled();
});

/** A hub that would wait for an hour, and a stream of it that has nowhere else to go. */
async function hubWithStream(): Promise<{ hub: Running; stream: DeviceStream; leave: () => Promise<void> }> {
  const hub = home.start(['hub', 'start', '--port', '0', '--listen', '127.0.0.1', '--drain', '3600']);
  const [, serviceString] = await hub.prints(/^service: .*STREAMS_CONNECTION_STRING='(.+)' streams echo/m);
  const { stdout: deviceString } = await home.run(['devices', 'create', 'pump-7']);
  const device = DeviceClient.fromConnectionString(deviceString.trim());
  device.onStreamRequest(async (request) => {
    const stream = await request.accept();
    stream.on('error', () => undefined).pipe(stream);
  });
  await device.connect();
  const service = ServiceClient.fromConnectionString(serviceString);
  const stream = await service.createStream('pump-7', { resume: 'off' });
  stream.on('error', () => undefined);
  const leave = async (): Promise<void> => void (await Promise.all([service.close(), device.close()]));
  return { hub, stream, leave };
}

async function expectEcho(stream: DeviceStream, text: string): Promise<void> {
  stream.write(text);
  expect(String(await once(stream, 'data'))).toBe(text);
}

it.each([
  ['waits for a stream, and ends with 0', 'SIGTERM', (stream: DeviceStream) => stream.end(), { clean: true }],
  [
    'does not wait after another signal, and ends with 0',
    'SIGINT',
    (_: DeviceStream, hub: Running) => hub.child.kill('SIGTERM'),
    { by: 'hub' },
  ],
] as const)('%s', async (_, signal, proceed, outcome) => {
  const { hub, stream, leave } = await hubWithStream();
  await expectEcho(stream, 'before');
  hub.child.kill(signal);
  await hub.says(/"msg":"the hub drains"/);
  await expectEcho(stream, 'while it drains');
  proceed(stream, hub);
  expect(await hub.ended).toMatchObject({ code: 0 });
  expect(await stream.outcome).toMatchObject(outcome);
  await leave();
});

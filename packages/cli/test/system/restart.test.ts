// SIGTERM with a hundred streams, and the next hub: what ends in time is clean, what is cut is said to be, sessions lose nothing.
import { once } from 'node:events';
import { DeviceClient } from '@streams/device';
import { type DeviceStream, ServiceClient } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Home, type Running } from '../support/command.ts';

const STREAMS = 100;
const leaks = leakCheck();
let home: Home;
beforeAll(async () => {
  home = await Home.make();
});
afterAll(async () => {
  await home.remove();
  await leaks.settled();
});

async function startHub(port: string): Promise<{ hub: Running; serviceString: string }> {
  const environment = { STREAMS_HUB_DRAIN_LIMIT_MS: '500', STREAMS_HUB_LISTEN_HOST: '127.0.0.1', STREAMS_HUB_LISTEN_PORT: port };
  const hub = home.start(['hub', 'start'], undefined, environment);
  const [, serviceString = ''] = await hub.prints(/^service: .*STREAMS_CONNECTION_STRING='(.+)' streams echo/m);
  return { hub, serviceString };
}

async function echoes(stream: DeviceStream, text: string): Promise<void> {
  stream.write(text);
  expect(String(await once(stream, 'data'))).toBe(text);
}

it('a restart under load', async () => {
  const { hub, serviceString } = await startHub('0');
  const { stdout: deviceString } = await home.run(['devices', 'create', 'pump-7']);
  await using device = DeviceClient.fromConnectionString(deviceString.trim());
  device.onStreamRequest(async (request) => {
    const stream = await request.accept();
    stream.on('error', () => undefined).pipe(stream);
  });
  await device.connect();
  await using service = ServiceClient.fromConnectionString(serviceString);
  const session = await service.createStream('pump-7');
  const streams: DeviceStream[] = [];
  // A few at once.
  while (streams.length < STREAMS) {
    streams.push(...(await Promise.all(Array.from({ length: 10 }, () => service.createStream('pump-7', { resume: 'off' })))));
  }
  for (const stream of streams) stream.on('error', () => undefined);
  await Promise.all([session, ...streams].map((stream, index) => echoes(stream, `before ${index}`)));

  hub.child.kill('SIGTERM');
  await hub.says(/"msg":"the hub drains"/);
  await expect(service.createStream('pump-7')).rejects.toMatchObject({ code: 'STREAMS_DRAINING', retryAfterMs: expect.any(Number) });
  const [finishing, staying] = [streams.slice(0, STREAMS / 2), streams.slice(STREAMS / 2)];
  for (const stream of finishing) stream.end();
  expect(await hub.ended).toMatchObject({ code: 0 });
  const outcomes = (of: readonly DeviceStream[]): Promise<unknown[]> => Promise.all(of.map(({ outcome }) => outcome));
  expect(await outcomes(finishing)).toEqual(finishing.map(() => expect.objectContaining({ clean: true })));
  expect(await outcomes(staying)).toEqual(staying.map(() => expect.objectContaining({ clean: false, by: 'hub' })));

  session.write('while there was no hub');
  const [, port = ''] = /^HostName=127\.0\.0\.1:(\d+);/.exec(serviceString) ?? [];
  const second = await startHub(port);
  expect(String((await once(session, 'data')) as unknown)).toBe('while there was no hub');
  session.end();
  expect(await session.outcome).toMatchObject({ clean: true });
  expect(await second.hub.stop()).toMatchObject({ code: 0 });
});

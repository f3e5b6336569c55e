// `hub start` at its end: streams finish first, unless somebody is in a hurry.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeviceClient } from '@streams/device';
import { type DeviceStream, ServiceClient } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Home, type Running } from '../support/command.ts';

const leaks = leakCheck();
let home: Home;
beforeAll(async () => {
  home = await Home.make();
});
afterAll(async () => {
  await home.remove();
  await leaks.settled();
});

interface Party {
  readonly hub: Running;
  /** Has nowhere else to go. */
  readonly stream: DeviceStream;
  /** Of the device's control link. */
  readonly states: readonly string[];
  readonly leave: () => Promise<unknown>;
}

/** A hub that would wait for an hour. */
async function start(options: readonly string[]): Promise<Party> {
  const hub = home.start(['hub', 'start', '--port', '0', '--listen', '127.0.0.1', '--drain', '3600', ...options]);
  const [, serviceString] = await hub.prints(/^service: .*STREAMS_CONNECTION_STRING='(.+)' streams echo/m);
  const { stdout: deviceString } = await home.run(['devices', 'create', 'pump-7']);
  const device = DeviceClient.fromConnectionString(deviceString.trim());
  const states: string[] = [];
  device.on('state', ({ name }) => states.push(name));
  device.onStreamRequest(async (request) => {
    const stream = await request.accept();
    stream.on('error', () => undefined).pipe(stream);
  });
  await device.connect();
  const service = ServiceClient.fromConnectionString(serviceString);
  const stream = await service.createStream('pump-7', { resume: 'off' });
  stream.on('error', () => undefined);
  return { hub, stream, states, leave: () => Promise.all([service.close(), device.close()]) };
}

async function expectEcho(stream: DeviceStream, text: string): Promise<void> {
  stream.write(text);
  expect(String(await once(stream, 'data'))).toBe(text);
}

interface Case {
  readonly name: string;
  readonly options: readonly string[];
  readonly signal: NodeJS.Signals;
  readonly proceed: (party: Party) => unknown;
  readonly outcome: object;
  readonly states: readonly string[];
}

it.each<Case>([
  {
    name: 'E9 waits for a stream, and ends with 0',
    options: [],
    signal: 'SIGTERM',
    proceed: ({ stream }) => stream.end(),
    outcome: { clean: true },
    states: ['connecting', 'connected'],
  },
  {
    name: 'sends devices away where they are to go, does not wait after another signal, and ends with 0',
    options: ['--hand-over', '0'],
    signal: 'SIGINT',
    proceed: ({ hub }) => hub.child.kill('SIGTERM'),
    outcome: { by: 'hub' },
    // The dial came back to the same hub.
    states: ['connecting', 'connected', 'renewing', 'connected'],
  },
])('$name', async ({ options, signal, proceed, outcome, states }) => {
  const party = await start(options);
  const { hub, stream } = party;
  await expectEcho(stream, 'before');
  hub.child.kill(signal);
  await hub.says(/"msg":"the hub drains"/);
  await expectEcho(stream, 'while it drains');
  while (party.states.length < states.length) await sleep(2);
  expect(party.states.slice(0, states.length)).toEqual(states);
  proceed(party);
  expect(await hub.ended).toMatchObject({ code: 0 });
  expect(await stream.outcome).toMatchObject(outcome);
  await party.leave();
});

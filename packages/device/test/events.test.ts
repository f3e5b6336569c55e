// The typed events of both clients, and what a listener may do.
import { DeviceClient, type DeviceClientEvents, type LinkTrouble } from '@streams/device';
import type { DeviceStream, ServiceClient } from '@streams/service';
import { format } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FakeHub } from './support/fake-hub.ts';
import { DEVICE, expectNoLeaks, MUTE, roundTrip, startRig, until } from './support/rig.ts';

expectNoLeaks();

type Name = keyof DeviceClientEvents;

/** The names of these events, in order, from now on. */
function namesOf(device: DeviceClient, ...names: Name[]): string[] {
  const seen: string[] = [];
  for (const name of names)
    device.on(name, (...[value]: unknown[]) => seen.push(name === 'state' ? (value as { name: string }).name : name));
  return seen;
}

describe('connected and disconnected', () => {
  it('tell of the link, with the cause and the time to the next dial', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    const device = hub.device();
    const seen = namesOf(device, 'connected', 'disconnected', 'state');
    const troubles: LinkTrouble[] = [];
    device.on('disconnected', (trouble) => void troubles.push(trouble));
    await device.connect();
    hub.upgrades[0]?.socket.destroy();
    await until('the loss', () => troubles.length === 1);
    const { state } = device;
    expect(state.name === 'waiting' && { cause: state.cause, retryInMs: state.delayMs }).toEqual(troubles[0]);
    expect(troubles[0]).toMatchObject({ cause: { code: 'STREAMS_CONNECT_FAILED' } });
    await hub.clock.advance(2_000, { realMs: 1 });
    await until('the second link', () => device.state.name === 'connected');
    await device.close();
    expect(troubles[1]).toEqual({ cause: undefined });
    expect(seen.join(', ')).toBe(
      ['connecting, connected, connected, waiting, disconnected', 'connecting, connected, connected, closed, disconnected'].join(', '),
    );
  });

  it('are silent about a link that is renewed', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const seen = namesOf(device, 'connected', 'disconnected');
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome(), ...(hub.upgrades.length === 1 ? [{ type: 'goaway', withinMs: 0 }] : []));
    await device.connect();
    await until('the goaway', () => hub.clock.pendingTimers > 0);
    while (hub.upgrades.length < 2 && hub.clock.monotonicMs() < 200) await hub.clock.advance(1, { realMs: 1 });
    await until('the successor', () => hub.upgrades.length === 2 && device.state.name === 'connected');
    expect(seen).toEqual(['connected']);
  });
});

describe('streamOpened and streamClosed', () => {
  it('come on both sides, with the stream and how it ended', async () => {
    const rig = await startRig();
    const device = await rig.echoDevice();
    const service = await rig.service();
    const seen: string[] = [];
    const opened: DeviceStream[] = [];
    const watch = (side: string, client: Pick<ServiceClient, 'on'>): void => {
      client.on('streamOpened', (stream) => void opened.push(stream));
      client.on('streamClosed', ({ id, bytesRead }, { clean }) => void seen.push(format(side, id, bytesRead, clean)));
    };
    watch('device', device);
    watch('service', service);
    const stream = await service.createStream(DEVICE);
    expect(opened).toContain(stream);
    expect(await roundTrip(stream, 'hello')).toBe('hello');
    await until('both ends', () => seen.length === 2);
    expect(seen.toSorted()).toEqual([`device ${stream.id} 5 true`, `service ${stream.id} 5 true`]);
  });
});

describe('a listener', () => {
  it('is removed by the function that on() returns', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    const device = hub.device();
    const seen: string[] = [];
    const stop = device.on('state', ({ name }) => {
      seen.push(name);
      stop();
    });
    await device.connect();
    expect(seen).toEqual(['connecting']);
  });

  it('that throws is logged, and harms neither the others nor the client', async () => {
    const hub = await FakeHub.start();
    hub.onUpgrade = (upgrade) => void upgrade.grant(hub.welcome());
    const errors: object[] = [];
    const device = hub.device({ logger: { ...MUTE, error: (fields) => void errors.push(fields) } });
    const failure = new Error('in the listener');
    device.on('connected', () => {
      throw failure;
    });
    const seen = namesOf(device, 'connected');
    await device.connect();
    expect([device.state.name, seen, errors]).toEqual(['connected', ['connected'], [{ err: failure, event: 'connected' }]]);
  });

  it('may close the client, even before the first dial', async () => {
    const hub = await FakeHub.start();
    const device = hub.device();
    const seen = namesOf(device, 'state');
    device.on('state', () => void device.close());
    await expect(device.connect()).rejects.toMatchObject({ code: 'STREAMS_CLOSED' });
    await device.closed;
    expect(seen).toEqual(['connecting', 'closed']);
  });

  it.each([
    ['an event that does not exist', 'error', () => undefined, /^DeviceClient\.on: event: there is no event error; there are connected, /],
    ['a listener that is none', 'state', undefined, /^DeviceClient\.on: listener: expected a function/],
  ])('is refused for %s', (_what, name, listener, message) => {
    const device = new DeviceClient({ hostName: 'hub.example', deviceId: DEVICE, sharedAccessKey: 'AAAA' });
    const refused = expect.objectContaining({
      code: 'STREAMS_INVALID_ARGUMENT',
      message: expect.stringMatching(message) as string,
    }) as Error;
    expect(() => device.on(name as Name, listener as never)).toThrow(refused);
  });
});

// A device's keys are exchanged one after the other, as documented, while it is in use: no stream is lost, and none fails to open.
import type { DeviceStream } from '@streams/device';
import { leakCheck } from '@streams/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { echo, startTrio, type Trio, until } from '../support/streams.ts';

const leaks = leakCheck();
let trio: Trio;
beforeEach(async () => {
  trio = await startTrio();
});
afterEach(async () => {
  await trio.close();
  await leaks.settled();
});

/** A stream that is in use all the time: what comes back is what was sent, or its end is an error. */
class Busy {
  roundTrips = 0;
  readonly ended: Promise<unknown>;
  readonly #stream: DeviceStream;

  constructor(stream: DeviceStream) {
    this.#stream = stream;
    this.ended = new Promise((resolve) => stream.once('error', resolve).once('end', () => resolve('clean')));
    stream.on('data', () => {
      this.roundTrips += 1;
      setImmediate(() => stream.writable && stream.write('x'));
    });
    stream.write('x');
  }

  /** Resolves once it has gone on for a while. */
  goesOn(): Promise<void> {
    const before = this.roundTrips;
    return until(() => this.roundTrips > before + 10);
  }

  async end(): Promise<unknown> {
    this.#stream.end();
    return this.ended;
  }
}

it('twice round, with a stream that stands throughout, and others that are opened one after the other', async () => {
  const { service, device } = trio;
  echo(device);
  let isOver = false;
  let opened = 0;
  const opening = (async () => {
    while (!isOver) {
      const stream = await service.createStream('pump-7');
      stream.end('hello');
      expect((await stream.toArray()).join('')).toBe('hello');
      opened += 1;
    }
  })();
  opening.catch(() => undefined);
  const standing = [new Busy(await service.createStream('pump-7')), new Busy(await service.createStream('pump-7', { resume: 'off' }))];
  const allGoOn = async (): Promise<void> => {
    const before = opened;
    await Promise.all([...standing.map((stream) => stream.goesOn()), until(() => opened > before + 3)]);
  };
  for (const [unused, used] of [['secondary', 'primary'] as const, ['primary', 'secondary'] as const]) {
    // 1. The key that the device does not use. 2. The device goes on with the new one. 3. The other one, which nobody uses any more.
    await service.devices.rotateKey('pump-7', unused);
    await allGoOn();
    await device.useConnectionString(await service.devices.connectionString('pump-7', unused));
    await allGoOn();
    await service.devices.rotateKey('pump-7', used);
    await allGoOn();
    expect(device.state.name).toBe('connected');
  }
  isOver = true;
  await opening;
  expect(await Promise.all(standing.map((stream) => stream.end()))).toEqual(['clean', 'clean']);
});

it('a key that the hub does not accept changes nothing; one that it does helps a device that was cut off', async () => {
  const { service, device } = trio;
  echo(device);
  const before = await service.devices.connectionString('pump-7', 'secondary');
  await service.devices.rotateKey('pump-7', 'secondary');
  await expect(device.useConnectionString(before)).rejects.toMatchObject({ code: 'STREAMS_UNAUTHENTICATED' });
  await expect(device.useConnectionString(before.replace('pump-7', 'pump-8'))).rejects.toMatchObject({
    code: 'STREAMS_INVALID_ARGUMENT',
    details: { field: 'connectionString' },
  });
  expect(device.state.name).toBe('connected');
  const secondary = await service.devices.connectionString('pump-7', 'secondary');
  await service.devices.rotateKey('pump-7', 'primary');
  await until(() => device.state.name === 'waiting');
  await device.useConnectionString(secondary);
  expect(device.state.name).toBe('connected');
});

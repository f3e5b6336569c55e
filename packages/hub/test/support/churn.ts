// Much work for a hub in a process of its own: streams that are opened and closed, and messages of a byte.
import { setImmediate } from 'node:timers/promises';
import { DeviceClient } from '@streams/device';
import { ServiceClient } from '@streams/service';
import type { HubProcess } from './hub-process.ts';
import { echo } from './streams.ts';

const AT_ONCE = 20;

/** Opens so many streams, one after the other in some lanes, says a word on each, and ends it. */
export function openAndClose(test: HubProcess, streams: number): Promise<void> {
  return withClients(test, 'busy', async (service) => {
    let left = streams;
    const lane = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const stream = await service.createStream('busy', { resume: 'off' });
        await stream.end('word').toArray();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  });
}

/** Sends so many messages of a byte there, and gets the bytes back. A write for each turn: what comes in one turn is one message. */
export function tinyMessages(test: HubProcess, messages: number): Promise<void> {
  return withClients(test, 'tiny', async (service) => {
    const stream = await service.createStream('tiny', { resume: 'off' });
    const received = stream.toArray();
    for (let sent = 0; sent < messages; sent += 1) {
      stream.write('x');
      await setImmediate();
    }
    stream.end();
    const bytes = Buffer.concat((await received) as Buffer[]).length;
    if (bytes !== messages) throw new Error(`${bytes} of ${messages} bytes came back`);
  });
}

/** @param deviceId Of a device that echoes; each at once needs its own, or the later takes the place of the earlier. */
async function withClients(test: HubProcess, deviceId: string, action: (service: ServiceClient) => Promise<void>): Promise<void> {
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString(deviceId));
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
  echo(device);
  await device.connect();
  await action(service);
  await Promise.all([service.close(), device.close()]);
}

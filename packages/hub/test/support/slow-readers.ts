// Streams whose receivers stop, both ways at once, and what that costs a hub in a process of its own.
import { DeviceClient } from '@streams/device';
import { type DeviceStream, ServiceClient } from '@streams/service';
import type { HubProcess } from './hub-process.ts';

export interface SlowReaders {
  readonly streams: number;
  /** By each side of each stream. */
  readonly offeredBytes: number;
}

export interface Cost {
  /** Memory of buffers. */
  readonly bytesPerDirection: number;
  readonly residentBytes: number;
}

const CHUNK = Buffer.alloc(2 ** 20, 'x');
const LOOK_MS = 250;

/** Opens them, offers all, and measures once nothing moves any more. Leaves nothing behind. */
export async function costOfSlowReaders(test: HubProcess, { streams, offeredBytes }: SlowReaders): Promise<Cost> {
  const device = DeviceClient.fromConnectionString(await test.deviceConnectionString('slow'));
  const service = ServiceClient.fromConnectionString(await test.serviceConnectionString());
  const open: DeviceStream[] = [];
  device.onStreamRequest(async (request) => void open.push((await request.accept()).on('error', () => undefined)));
  await device.connect();
  for (let count = 0; count < streams; count += 1) {
    open.push((await service.createStream('slow', { resume: 'off' })).on('error', () => undefined));
  }
  const before = { buffers: await buffersOf(test), residentBytes: test.residentBytes };
  for (const stream of open) void offer(stream, offeredBytes);
  await standstill(open);
  const cost = {
    bytesPerDirection: ((await buffersOf(test)) - before.buffers) / (2 * streams),
    residentBytes: test.residentBytes - before.residentBytes,
  };
  service.destroy();
  device.destroy();
  await Promise.all([service.close(), device.close()]);
  return cost;
}

async function buffersOf(test: HubProcess): Promise<number> {
  return (await test.memory()).external;
}

async function offer(stream: DeviceStream, bytes: number): Promise<void> {
  for (let offered = 0; offered < bytes && !stream.destroyed; offered += CHUNK.length) {
    await new Promise((resolve) => stream.write(CHUNK, resolve));
  }
}

/** Resolves once no side gets rid of another byte. */
async function standstill(streams: readonly DeviceStream[]): Promise<void> {
  const sum = (): number => streams.reduce((bytes, { bytesWritten }) => bytes + bytesWritten, 0);
  for (let [last, calm] = [-1, 0]; calm < 4; ) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = sum();
    calm = now === last ? calm + 1 : 0;
    last = now;
  }
}

// Measurements of a hub with 100,000 devices on disk: import, export, and how long each kind of question takes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { DeviceClient } from '@streams/device';
import { type Device, type DeviceFilter, type ImportedDevice, ServiceClient } from '@streams/service';
import { type Figures, quantile } from './figures.ts';
import { residentBytes, start } from './rig.ts';

const DEVICES = 100_000;
/** Each so many-th is disabled, and another connected: both are rare. */
const DISABLED_EVERY = 10_000;
const CONNECTED_EVERY = 2_000;
const QUESTIONS = 200;
const MIB = 1_048_576;

/** What a process of `devices-hub.ts` tells once it listens. */
export interface DevicesHubReady {
  readonly service: string;
  /** From the start of the process to there. */
  readonly startMs: number;
}

/** One hub on a directory that lives for all rounds: the first one imports what is not there, the others what is. */
export async function manyDevices(figures: Figures, rounds: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'streams-bench-devices-'));
  try {
    for (let round = 0; round < rounds; round += 1) await oneHub(figures, directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function oneHub(figures: Figures, directory: string): Promise<void> {
  const hub = start('./devices-hub.js', [directory]);
  const [{ service: connectionString, startMs }] = (await once(hub, 'message')) as [DevicesHubReady];
  const service = ServiceClient.fromConnectionString(connectionString);
  const known = (await firstOf(service, {})) !== undefined;
  figures.add('ours', known ? 'start of a hub with them' : 'start of an empty hub', 'ms', startMs);
  const importMs = await timed(async () => void (await service.devices.import(rows(known))));
  figures.add('ours', known ? 'import of devices that are there already' : 'import of new devices', 's', importMs / 1_000);
  figures.add('ours', 'export with keys', 's', (await timed(() => drained(service.devices.export()))) / 1_000);
  const connected = await connectSome(service);
  await questions(figures, service);
  figures.add('ours', 'resident memory of the hub', 'MiB', (await residentBytes(Number(hub.pid))) / MIB);
  await Promise.all([...connected.map((device) => device.close()), service.close()]);
  hub.kill();
  await once(hub, 'exit');
}

async function questions(figures: Figures, service: ServiceClient): Promise<void> {
  const { devices } = service;
  const ask: Readonly<Record<string, () => Promise<unknown>>> = {
    'get one': () => devices.get(idOf(Math.floor(Math.random() * DEVICES))),
    'first page of 100': () => page(service, {}),
    'last page, by prefix': () => page(service, { prefix: idOf(DEVICES - 1).slice(0, -2) }),
    'connected, 50 of them': () => page(service, { connected: true }),
    'not connected, first page': () => page(service, { connected: false }),
    'disabled, 10 of them': () => page(service, { enabled: false }),
    'enabled, first page': () => page(service, { enabled: true }),
    'disable and enable one': async () => {
      await devices.update(idOf(5), { enabled: false });
      await devices.update(idOf(5), { enabled: true });
    },
  };
  for (const [name, question] of Object.entries(ask)) {
    const times: number[] = [];
    for (let count = 0; count < QUESTIONS; count += 1) times.push(await timed(question));
    figures.add('ours', `${name}, p50`, 'ms', quantile(times, 0.5));
    figures.add('ours', `${name}, p99`, 'ms', quantile(times, 0.99));
  }
}

/** What one request answers. */
async function page(service: ServiceClient, filter: DeviceFilter): Promise<number> {
  let count = 0;
  for await (const _device of service.devices.list(filter)) if ((count += 1) === 100) break;
  return count;
}

async function firstOf(service: ServiceClient, filter: DeviceFilter): Promise<Device | undefined> {
  for await (const device of service.devices.list(filter)) return device;
  return undefined;
}

async function connectSome(service: ServiceClient): Promise<DeviceClient[]> {
  const connected: DeviceClient[] = [];
  for (let index = 1; index < DEVICES; index += CONNECTED_EVERY) {
    const device = DeviceClient.fromConnectionString(await service.devices.connectionString(idOf(index)));
    await device.connect();
    connected.push(device);
  }
  return connected;
}

function* rows(known: boolean): Generator<ImportedDevice> {
  for (let index = 0; index < DEVICES; index += 1) {
    const keys = known ? undefined : [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
    yield { deviceId: idOf(index), enabled: index % DISABLED_EVERY !== 7, keys };
  }
}

function idOf(index: number): string {
  return `pump-${String(index).padStart(6, '0')}`;
}

async function drained(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _item of source);
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await action();
  return performance.now() - startMs;
}

// What the tests of this package stand on: a real hub, clients of it, a bad network between them, and time of their own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceClient, type DeviceClientSettings, type DeviceStream } from '@streams/device';
import { createHub, type DeviceChange, type DeviceRecord, type Hub, type HubOptions, type Registry } from '@streams/hub';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { ServiceClient, type ServiceClientSettings } from '@streams/service';
import { FakeClock, FaultProxy, leakCheck, type LeakCheck, seededRandom } from '@streams/testkit';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';

/** The device of a test, where it needs only one. */
export const DEVICE = 'pump-7';

/** Chance that takes the middle: a first retry after 1 s, a successor after 48 minutes. */
export const MIDDLE = { uniform: () => 0.5, bytes: (count: number): Buffer => Buffer.alloc(count, 5) };

/** A hub and whatever a test adds to it; everything is gone when the test ends. */
export class Rig {
  readonly clock: FakeClock;
  readonly hub: TestHub;
  /** The hub that runs: the first one, or the last that was started again. */
  present: Pick<Hub, 'close'>;
  readonly #cleanups: (() => unknown)[] = [];
  #seed = 1;

  constructor(clock: FakeClock, hub: TestHub) {
    this.clock = clock;
    this.hub = hub;
    this.present = hub;
  }

  /** A device that is not connected. Through `port`, where the hub is to be reached over a proxy. */
  async device(settings: DeviceClientSettings & { id?: string; port?: number } = {}): Promise<DeviceClient> {
    const { id = DEVICE, port, ...others } = settings;
    const connectionString = through(await this.hub.deviceConnectionString(id), port);
    return this.use(
      DeviceClient.fromConnectionString(connectionString, {
        clock: this.clock,
        random: seededRandom(this.#seed++),
        logger: MUTE,
        ...others,
      }),
    );
  }

  /** A connected device that echoes every stream. */
  async echoDevice(settings: DeviceClientSettings & { id?: string; port?: number } = {}): Promise<DeviceClient> {
    const device = await this.device(settings);
    device.onStreamRequest(async (request) => void echo(await request.accept()));
    await device.connect();
    return device;
  }

  async service({ policy, ...settings }: ServiceClientSettings & { policy?: string } = {}): Promise<ServiceClient> {
    const connectionString = await this.hub.serviceConnectionString(policy);
    return this.use(ServiceClient.fromConnectionString(connectionString, { clock: this.clock, ...settings }));
  }

  /** A bad network in front of the hub. */
  async proxy(): Promise<FaultProxy> {
    const proxy = await FaultProxy.listen({ port: this.hub.port });
    this.onEnd(() => proxy.close());
    return proxy;
  }

  /** Starts a hub where the first one was. */
  async startAgain(options: Pick<HubOptions, 'tls' | 'registry' | 'policies' | 'streamingUrl'>): Promise<void> {
    const hub = createHub({ hostNames: ['127.0.0.1'], logger: false, clock: this.clock, ...options });
    await hub.listen({ port: this.hub.port, host: '127.0.0.1' });
    this.present = hub;
    this.onEnd(() => hub.close());
  }

  /** Ends a client with the test. */
  use<T extends DeviceClient | ServiceClient>(client: T): T {
    this.onEnd(async () => {
      client.destroy();
      await client.close();
    });
    return client;
  }

  onEnd(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  /** Lets time pass until `promise` settles. */
  async passUntil<T>(promise: Promise<T>, stepMs = 100): Promise<T> {
    let settled = false;
    const settle = (): void => void (settled = true);
    promise.then(settle, settle);
    const endMs = this.clock.monotonicMs() + MOST_MS;
    while (!settled && this.clock.monotonicMs() < endMs) await this.clock.advance(stepMs, { realMs: 1 });
    assert(settled, `nothing came within ${MOST_MS} ms of the fake clock`);
    return promise;
  }

  /** Ends everything, and sees that no timer is left. */
  async end(): Promise<void> {
    const ended = Promise.all(this.#cleanups.reverse().map((cleanup) => cleanup())).then(() => this.hub.close());
    await this.passUntil(ended);
    expect(this.clock.pendingTimers, 'timers left on the clock').toBe(0);
  }
}

/** Its wall clock shows whole milliseconds, as a machine's does: they are what goes over the wire. */
class WholeClock extends FakeClock {
  override wallMs(): number {
    return Math.floor(super.wallMs());
  }
}

const MOST_MS = 120_000;
export const MUTE = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Starts a hub on a clock that stands still; ends everything with the test. `port`: for a proxy that was there before. */
export async function startRig(options: Partial<HubOptions> = {}, port = 0): Promise<Rig> {
  const clock = new WholeClock();
  const rig = new Rig(clock, await startTestHub({ clock, ...options }, port));
  onTestFinished(() => rig.end());
  return rig;
}

/** Options of a hub that is to be restarted: its CA, its devices and its policy outlive it. */
export async function lastingOptions(): Promise<Pick<HubOptions, 'tls' | 'registry' | 'policies'>> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-device-'));
  onTestFinished(() => rm(dataDirectory, { recursive: true }));
  const policy = { name: 'test', keys: [randomBytes(32).toString('base64')], permissions: ['stream:create'] } as const;
  return { tls: { dataDirectory }, registry: memoryRegistry(), policies: [policy] };
}

function memoryRegistry(): Registry {
  const devices = new Map<string, DeviceRecord>();
  const listeners = new Set<(change: DeviceChange) => void>();
  return {
    get: (deviceId) => Promise.resolve(devices.get(deviceId)),
    list: () => Promise.resolve([...devices.values()]),
    put(device) {
      devices.set(device.deviceId, device);
      for (const listener of listeners) listener({ deviceId: device.deviceId, device });
      return Promise.resolve();
    },
    delete(deviceId) {
      const existed = devices.delete(deviceId);
      for (const listener of listeners) listener({ deviceId, device: undefined });
      return Promise.resolve(existed);
    },
    close: () => Promise.resolve(),
    changes(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Sends back what comes, and ends when it ends. */
export function echo(stream: DeviceStream): DeviceStream {
  stream.pipe(stream);
  return stream;
}

/** Writes `text`, ends, and reads the answer to its end. */
export async function roundTrip(stream: DeviceStream, text: string): Promise<string> {
  stream.end(text);
  return (await stream.toArray()).join('');
}

/** A connection string that leads to another port. */
function through(connectionString: string, port: number | undefined): string {
  return port === undefined ? connectionString : connectionString.replace(/(HostName=[^;:]+):\d+/, `$1:${port}`);
}

/** Waits for something that real sockets bring about. */
export async function until(what: string, condition: () => boolean, withinMs = 15_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    assert(performance.now() < deadline, `waited ${withinMs} ms for this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Resolves once a socket is gone, however. */
export function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** True if `promise` is not settled, however many turns it gets. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = new Promise<'pending'>((resolve) => setTimeout(() => resolve('pending'), 20));
  const settled = promise.then(
    () => 'settled',
    () => 'settled',
  );
  return (await Promise.race([settled, pending])) === 'pending';
}

/** Sees at the end of the file that no socket and no timer of the machine is left. Call it first. */
export function expectNoLeaks(): void {
  let leaks: LeakCheck;
  beforeAll(() => {
    leaks = leakCheck();
  });
  afterAll(() => leaks.settled());
}

// What the tests of this package stand on: a real hub, clients of it, a bad network between them, and time of their own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceClient, type DeviceClientSettings, type DeviceStream, type StreamRequestHandler } from '@streams/device';
import { createHub, type Hub, type HubOptions } from '@streams/hub';
import type { LogRecord } from '@streams/hub/testing';
import { ServiceClient, type ServiceClientSettings } from '@streams/service';
import { FakeClock, FaultProxy, freePort, leakCheck, type LeakCheck, seededRandom } from '@streams/testkit';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';

/** The device of a test, where it needs only one. */
export const DEVICE = 'pump-7';

/** A hub and whatever a test adds to it; everything is gone when the test ends. */
export class Rig {
  readonly clock: FakeClock;
  readonly hub: Hub;
  readonly port: number;
  /** The resource log so far. */
  readonly records: LogRecord[];
  readonly #cleanups: (() => unknown)[] = [];

  constructor(clock: FakeClock, hub: Hub, port: number, records: LogRecord[]) {
    this.clock = clock;
    this.hub = hub;
    this.port = port;
    this.records = records;
  }

  /** A connected device. Without a handler it echoes every stream; `port`: over a proxy. */
  async device(handler: StreamRequestHandler = accept, settings: DeviceClientSettings & { port?: number } = {}): Promise<DeviceClient> {
    await this.hub.putDevice(DEVICE);
    const connectionString = through(await this.hub.connectionString({ deviceId: DEVICE }), settings.port);
    const device = DeviceClient.fromConnectionString(connectionString, {
      clock: this.clock,
      random: seededRandom(1),
      logger: MUTE,
      ...settings,
    });
    this.use(device).onStreamRequest(handler);
    await device.connect();
    return device;
  }

  /** A client of the hub; `port`: over a proxy. */
  async service(settings: ServiceClientSettings & { port?: number; policy?: string } = {}): Promise<ServiceClient> {
    const { port, policy = 'test', ...others } = settings;
    const connectionString = through(await this.hub.connectionString({ policy }), port);
    return this.use(ServiceClient.fromConnectionString(connectionString, { clock: this.clock, ...others }));
  }

  /** A bad network in front of the hub. */
  async proxy(): Promise<FaultProxy> {
    const proxy = await FaultProxy.listen({ port: this.port });
    this.onEnd(() => proxy.close());
    return proxy;
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
const MUTE = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function accept(...[request]: Parameters<StreamRequestHandler>): Promise<void> {
  echo(await request.accept());
}

/** Starts a hub on a clock that stands still; ends everything with the test. */
export async function startRig(options: Partial<HubOptions> & { port?: number } = {}): Promise<Rig> {
  const { port = 0, ...others } = options;
  const clock = new WholeClock();
  const dataDirectory = await mkdtemp(join(tmpdir(), 'streams-service-'));
  onTestFinished(() => rm(dataDirectory, { recursive: true }));
  const records: LogRecord[] = [];
  const info = (fields: object): void => {
    if ('category' in fields) records.push(fields as unknown as LogRecord);
  };
  const keys = [randomBytes(32).toString('base64')];
  const hub = createHub({
    hostNames: ['127.0.0.1'],
    tls: { dataDirectory },
    policies: [
      { name: 'test', keys, permissions: ['stream:create'] },
      { name: 'reader', keys, permissions: ['device:read'] },
    ],
    logger: { ...MUTE, info },
    clock,
    ...others,
  });
  const listening = await hub.listen({ port, host: '127.0.0.1' });
  const rig = new Rig(clock, hub, listening.port, records);
  onTestFinished(() => rig.end());
  return rig;
}

/** A hub behind a bad network: what it publishes, by `options`, leads there. */
export async function startRigBehind(options: (proxyPort: number) => Partial<HubOptions>): Promise<{ rig: Rig; proxy: FaultProxy }> {
  const port = await freePort();
  const proxy = await FaultProxy.listen({ port });
  const rig = await startRig({ port, ...options(proxy.port) });
  rig.onEnd(() => proxy.close());
  return { rig, proxy };
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

// A hub, our clients and foreign ones, and the pairs of streams between them.
import { DeviceClient, type StreamRequestHandler } from '@streams/device';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { ServiceClient } from '@streams/service';
import type { CompliancePair, ComplianceStream } from '@streams/testkit';
import { expect } from 'vitest';
import { ForeignDevice, type ForeignHandler } from './device.ts';
import { ForeignService } from './service.ts';

/** Two hops of kernel buffers, and a relay that passes an end on in its own time. */
const RELAYED = { maxQueuedBytes: 16 * 2 ** 20, pausedEndMs: 10_000 };

/** A stream that may be cut like a cable; ours can only be destroyed. */
type Cuttable = ComplianceStream & { kill?(): void };

/** Whose client: ours, a foreign one that speaks `streams.v1`, or one that speaks `raw` alone. */
export type Party = 'ours' | 'foreign' | 'raw';

/** Devices `ours` and `foreign`, which accept everything, and a service of either kind. */
export class Parties {
  readonly hub: TestHub;
  readonly ours: ServiceClient;
  readonly foreign: ForeignService;
  readonly #devices: readonly { close(): Promise<void> }[];
  readonly #accepted: Map<string, (stream: Cuttable) => void>;
  #count = 0;

  static async start(): Promise<Parties> {
    const hub = await startTestHub();
    const service = await hub.serviceConnectionString();
    const accepted = new Map<string, (stream: Cuttable) => void>();
    const ours = DeviceClient.fromConnectionString(await hub.deviceConnectionString('ours'));
    ours.onStreamRequest(async (request) => accepted.get(request.name)?.(await request.accept()));
    await ours.connect();
    const foreign = await ForeignDevice.connect(await hub.deviceConnectionString('foreign'), (request, device) => {
      const accepting = request.headers['kind'] === 'raw' ? device.acceptRaw(request) : device.accept(request);
      void accepting.then((stream) => accepted.get(request.name)?.(stream));
    });
    return new Parties(hub, ServiceClient.fromConnectionString(service), new ForeignService(service), [ours, foreign], accepted);
  }

  private constructor(
    hub: TestHub,
    ours: ServiceClient,
    foreign: ForeignService,
    devices: readonly { close(): Promise<void> }[],
    accepted: Map<string, (stream: Cuttable) => void>,
  ) {
    this.hub = hub;
    this.ours = ours;
    this.foreign = foreign;
    this.#devices = devices;
    this.#accepted = accepted;
  }

  /** Opens a stream from a service to a device; at most one of the two speaks `raw`, and then the other has to. */
  async pair(service: Party, device: Party): Promise<CompliancePair> {
    this.#count += 1;
    const wish = { name: `stream-${this.#count}`, headers: { kind: device } };
    const other = new Promise<Cuttable>((resolve) => this.#accepted.set(wish.name, resolve));
    const [a, b] = await Promise.all([this.#open(service, device === 'ours' ? 'ours' : 'foreign', wish), other]);
    const dispose = async (): Promise<void> => {
      a.destroy();
      b.destroy();
    };
    const blindWhilePaused = service === 'raw' || device === 'raw';
    return { ...RELAYED, a, b, blindWhilePaused, kill: { a: () => cut(a), b: () => cut(b) }, dispose };
  }

  #open(service: Party, device: string, wish: { name: string; headers: Record<string, string> }): Promise<Cuttable> {
    if (service === 'ours') return this.ours.createStream(device, wish);
    return service === 'raw' ? this.foreign.openRaw(device, wish) : this.foreign.open(device, wish);
  }

  async close(): Promise<void> {
    await Promise.all([this.ours, ...this.#devices].map((client) => client.close()));
    await this.hub.close();
  }
}

function cut(stream: Cuttable): void {
  if (stream.kill) stream.kill();
  else stream.destroy();
}

let count = 0;

/** Runs with a fresh device of ours. */
export async function withOurs<T>(hub: TestHub, handler: StreamRequestHandler | undefined, action: (id: string) => Promise<T>): Promise<T> {
  count += 1;
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  await using device = DeviceClient.fromConnectionString(await hub.deviceConnectionString(`device-${count}`), { logger });
  if (handler) device.onStreamRequest(handler);
  await device.connect();
  return await action(device.deviceId);
}

/** Runs with a fresh foreign device. */
export async function withForeign<T>(
  hub: TestHub,
  handler: ForeignHandler,
  action: (id: string, device: ForeignDevice) => Promise<T>,
): Promise<T> {
  count += 1;
  const id = `device-${count}`;
  const device = await ForeignDevice.connect(await hub.deviceConnectionString(id), handler);
  try {
    return await action(id, device);
  } finally {
    await device.close();
  }
}

/** What a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  const resolved = (): never => expect.unreachable('it resolved');
  return (await promise.then(resolved, (error: unknown) => error)) as Record<string, unknown>;
}

/** A handler, and a promise of what it does with the request that it gets. */
export function once<R, T>(
  answer: (request: R, device: ForeignDevice) => T | Promise<T>,
): { handler: (request: R, device?: unknown) => void; done: Promise<T> } {
  let handler: (request: R, device?: unknown) => void = () => undefined;
  const done = new Promise<T>((resolve, reject) => {
    handler = (request, device) => void Promise.resolve(answer(request, device as ForeignDevice)).then(resolve, reject);
  });
  done.catch(() => undefined);
  return { handler, done };
}

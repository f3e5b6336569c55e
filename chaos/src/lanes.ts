// A device and a service that have a tunnel of many channels and a plain stream between them, with traffic both ways on each.
import type { Duplex } from 'node:stream';
import { DeviceClient, type DeviceClientSettings } from '@streams/device';
import { deferred, type Deferred, type Random } from '@streams/protocol/internal';
import { ServiceClient, type ServiceClientSettings, type Tunnel } from '@streams/service';
import { type Passage, receive, send, type TrafficLimits } from './traffic.ts';

/** What lanes are made with. */
export interface LaneOptions {
  readonly deviceId: string;
  readonly device: string;
  readonly service: string;
  readonly settings: DeviceClientSettings & ServiceClientSettings;
  readonly channels: number;
  readonly traffic: TrafficLimits;
  readonly random: Random;
}

/** See the file's head. */
export class Lanes {
  readonly tunnels: readonly Tunnel[];
  readonly #device: DeviceClient;
  readonly #service: ServiceClient;
  /** Rejects as soon as one of them has failed. */
  readonly #passages: Promise<Passage[]>;
  readonly #stop = new AbortController();

  private constructor(device: DeviceClient, service: ServiceClient, tunnels: readonly Tunnel[], pairs: Pair[], options: LaneOptions) {
    this.#device = device;
    this.#service = service;
    this.tunnels = tunnels;
    const { traffic, random } = options;
    const pass = async (name: string, from: Duplex, to: Duplex): Promise<Passage> => {
      const [sent, received] = await Promise.all([send(from, random, traffic, this.#stop.signal), receive(to, random, traffic)]);
      return { name, sent, received };
    };
    const both = ([name, near, far]: Pair): Promise<Passage>[] => [pass(`${name} up`, near, far), pass(`${name} down`, far, near)];
    this.#passages = Promise.all(pairs.flatMap(both));
    this.#passages.catch(() => undefined);
  }

  /** Resolves once all are open. */
  static async open(options: LaneOptions): Promise<Lanes> {
    const { deviceId, settings } = options;
    const device = DeviceClient.fromConnectionString(options.device, settings);
    const service = ServiceClient.fromConnectionString(options.service, settings);
    const far = takeRequests(device);
    await device.connect();
    const plain = await service.createStream(deviceId, { name: 'plain', resume: 'required' });
    const tunnel = await service.openTunnel(deviceId, { name: 'tunnel' });
    const farTunnel = await far.tunnel.promise;
    const pairs: Pair[] = [[`${deviceId} plain`, plain, await far.stream.promise]];
    for (let index = 0; index < options.channels; index += 1) {
      // Either side opens, in turn.
      const [opener, taker] = index % 2 === 0 ? [tunnel, farTunnel] : [farTunnel, tunnel];
      const taken: Deferred<Duplex> = deferred();
      const unregister = taker.onChannelRequest((request) => taken.resolve(request.accept()));
      const opened = opener.openChannel({ metadata: String(index) });
      const other = await taken.promise;
      unregister();
      pairs.push([`${deviceId} channel ${index}`, ...(index % 2 === 0 ? ([opened, other] as const) : ([other, opened] as const))]);
    }
    return new Lanes(device, service, [tunnel, farTunnel], pairs, options);
  }

  /** Ends each direction behind what was written, and resolves once all has come. Rejects with the first error of a stream. */
  async finish(): Promise<Passage[]> {
    this.#stop.abort();
    return this.#passages;
  }

  /** Rejects when a stream fails. */
  get failed(): Promise<unknown> {
    return this.#passages;
  }

  /** Resolves with the errors of tunnels, which are to end cleanly. */
  async close(): Promise<unknown[]> {
    const errors = await Promise.all(this.tunnels.map((tunnel) => tunnel.close()));
    await Promise.all([this.#service.close(), this.#device.close()]);
    return errors.filter((error) => error !== undefined);
  }

  destroy(): void {
    this.#service.destroy();
    this.#device.destroy();
  }
}

type Pair = [name: string, near: Duplex, far: Duplex];

function takeRequests(device: DeviceClient): { stream: Deferred<Duplex>; tunnel: Deferred<Tunnel> } {
  const far = { stream: deferred<Duplex>(), tunnel: deferred<Tunnel>() };
  device.onStreamRequest(
    async (request) => {
      if (request.isTunnel) far.tunnel.resolve(await request.acceptTunnel());
      else far.stream.resolve(await request.accept());
    },
    { tunnels: true },
  );
  return far;
}

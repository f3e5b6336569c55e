// Streams that come and go: so many at once, of every kind, each with traffic of its own both ways, and both ways compared at its end.
import type { Duplex } from 'node:stream';
import type { DeviceClient } from '@streams/device';
import { deferred, type Deferred, type Random } from '@streams/protocol/internal';
import type { ServiceClient } from '@streams/service';
import { differs, receive, send, type TrafficLimits } from './traffic.ts';

/** What is done with one stream. */
export interface StreamPlan extends TrafficLimits {
  readonly resume: 'off' | 'required';
  readonly lifeMs: number;
}

/** What has come of all that are over. */
export interface ChurnFigures {
  streams: number;
  bytes: number;
  readonly problems: string[];
}

/** See the top of this file. */
export class Churn {
  readonly figures: ChurnFigures = { streams: 0, bytes: 0, problems: [] };
  readonly #deviceIds: readonly string[];
  readonly #service: ServiceClient;
  readonly #random: Random;
  /** By stream id: the device's ends. */
  readonly #far = new Map<string, Deferred<Duplex>>();

  constructor(devices: ReadonlyMap<string, DeviceClient>, service: ServiceClient, random: Random) {
    this.#deviceIds = [...devices.keys()];
    this.#service = service;
    this.#random = random;
    for (const device of devices.values())
      device.onStreamRequest(async (request) => this.#farEnd(request.id).resolve(await request.accept()));
  }

  /** Keeps `count` streams going until `signal` fires and the last has ended. */
  async run(count: number, signal: AbortSignal): Promise<void> {
    const lane = async (): Promise<void> => {
      while (!signal.aborted) await this.#one(signal).catch((error: unknown) => this.figures.problems.push(String(error)));
    };
    await Promise.all(Array.from({ length: count }, lane));
  }

  async #one(signal: AbortSignal): Promise<void> {
    const plan = this.#plan();
    const deviceId = this.#deviceIds[Math.floor(this.#random.uniform() * this.#deviceIds.length)] ?? '';
    const near = await this.#service.createStream(deviceId, { resume: plan.resume });
    const far = await this.#farEnd(near.id).promise;
    this.#far.delete(near.id);
    const end = endOf(plan.lifeMs, signal);
    const pass = async (name: string, from: Duplex, to: Duplex): Promise<void> => {
      const [sent, received] = await Promise.all([send(from, this.#random, plan, end), receive(to, this.#random, plan)]);
      this.figures.bytes += received.bytes;
      this.figures.problems.push(...differs({ name: `${near.id} ${name}`, sent, received }));
    };
    await Promise.all([pass('to the device', near, far), pass('to the service', far, near)]);
    this.figures.streams += 1;
  }

  /** Small and large writes, readers that stall and that do not, short lives and long ones. */
  #plan(): StreamPlan {
    const uniform = (): number => this.#random.uniform();
    return {
      resume: uniform() < 0.5 ? 'off' : 'required',
      maxSliceBytes: Math.ceil(10 ** (1 + uniform() * 4.5)),
      maxStallMs: uniform() * 1_000,
      maxPauseMs: uniform() * 200,
      lifeMs: Math.ceil(10 ** (2 + uniform() * 2.3)),
    };
  }

  #farEnd(streamId: string): Deferred<Duplex> {
    const far = this.#far.get(streamId) ?? deferred<Duplex>();
    this.#far.set(streamId, far);
    return far;
  }
}

/** Fires after `lifeMs`, or with `signal`. Not `AbortSignal.any` of a `timeout`: Node 20 collects that one, and it never fires. */
function endOf(lifeMs: number, signal: AbortSignal): AbortSignal {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), lifeMs);
  const now = (): void => end.abort();
  signal.addEventListener('abort', now, { signal: end.signal });
  end.signal.addEventListener('abort', () => clearTimeout(timer));
  return end.signal;
}

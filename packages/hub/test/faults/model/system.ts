// The real thing beside the model: a hub, devices and a service over TLS on loopback, and a clock that the commands move.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { DeviceClient, type StreamRequest } from '@streams/device';
import { createHub, type Hub } from '@streams/hub';
import { type LogRecord, type Random, StreamsError } from '@streams/protocol/internal';
import { type DeviceStream, ServiceClient } from '@streams/service';
import { FakeClock, seededRandom } from '@streams/testkit';
import { MemoryRegistry } from '../../../src/devices/memory-registry.ts';
import { ENDS, type End, isEnding, RETURN_MS, type StreamModel } from './model.ts';
import { certificate, Network } from './network.ts';
import { Tape } from './tape.ts';
import { until, within } from './waiting.ts';

/** Where connections are lost, time goes in such steps, and everybody gets a turn after each. */
const STEP_MS = 250;
/** In the first time, in which most of them come back. */
const QUICK_MS = 3_000;
const LONG_STEP_MS = 1_000;
/** A request, its answer, two legs and their HELLO take less. A device that is away answers later. */
const RESTING_TURNS = 100;
const MUTE = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Its wall clock shows whole milliseconds, as a machine's does. */
class WholeClock extends FakeClock {
  override wallMs(): number {
    return Math.floor(super.wallMs());
  }
}

/** A stream that is being opened, as its two ends see it. */
interface Opening {
  readonly stream: Promise<DeviceStream>;
  readonly request: Promise<StreamRequest>;
}

interface DeviceSlot {
  /** Kept when the device is deleted: it does not know. */
  connectionString: string;
  client: DeviceClient | undefined;
}

/** What ended: how each end has seen it. */
type Outcomes = Readonly<Record<End, { readonly clean: boolean }>>;

/** See the top of this file. */
export class System {
  readonly #clock = new WholeClock();
  readonly #network = new Network();
  readonly #random: Random;
  readonly #registry = new MemoryRegistry();
  readonly #policy = {
    name: 'model',
    keys: [randomBytes(32).toString('base64')],
    permissions: ['stream:create', 'device:read', 'device:write'],
  } as const;
  readonly #devices: readonly DeviceSlot[];
  readonly #clients = new Set<DeviceClient>();
  readonly #asked = new Map<string, (request: StreamRequest) => void>();
  /** Requests that a device was asked though nobody waits for them: a second time. */
  readonly #repeated: string[] = [];
  readonly #openings = new Map<number, Opening>();
  readonly #tapes = new Map<number, Readonly<Record<End, Tape>>>();
  /** The stream whose legs carry a session now, by the id of its first. */
  readonly #carriers = new Map<string, string>();
  #service!: ServiceClient;
  #publicUrl = '';

  private constructor(seed: number, devices: number) {
    this.#random = seededRandom(seed);
    this.#devices = Array.from({ length: devices }, () => ({ connectionString: '', client: undefined }));
  }

  static async start(seed: number, devices: number): Promise<System> {
    const system = new System(seed, devices);
    const port = await system.#network.listen();
    system.#publicUrl = `https://127.0.0.1:${port}`;
    system.#startHub();
    for (const [index, slot] of system.#devices.entries())
      slot.connectionString = `HostName=127.0.0.1:${port};DeviceId=${nameOf(index)};SharedAccessKey=${randomBytes(32).toString('base64')}`;
    const { clock, random } = system.#settings;
    const connectionString = await system.#hub.connectionString({ policy: 'model' });
    system.#service = ServiceClient.fromConnectionString(connectionString, { clock, random, ca: certificate.cert, proxy: false });
    return system;
  }

  async register(device: number): Promise<void> {
    await this.#hub.putDevice(nameOf(device), { enabled: true });
    await this.#learnKeys(device);
  }

  /** A new client of the device. @returns The code of its failure; undefined: it is connected. */
  async connect(device: number): Promise<string | undefined> {
    const slot = this.#slot(device);
    const settings = { ...this.#settings, ca: certificate.cert, proxy: false, logger: MUTE } as const;
    const client = DeviceClient.fromConnectionString(slot.connectionString, settings);
    client.onStreamRequest((request) => {
      const asked = this.#asked.get(request.name);
      if (!this.#asked.delete(request.name)) this.#repeated.push(request.name);
      asked?.(request);
    });
    const failure = await within('the answer to connect()', codeOf(client.connect()));
    if (failure !== undefined) {
      await client.close();
      return failure;
    }
    const before = slot.client;
    slot.client = client;
    this.#clients.add(client);
    if (before) assert.equal((await within('the end of the replaced client', before.closed))?.code, 'STREAMS_REPLACED');
    return undefined;
  }

  /** Asks for a stream. @returns The code of its failure; undefined: the device was asked. */
  async open(id: number, device: number, isSession: boolean): Promise<string | undefined> {
    const { stream, request } = this.#ask(id, device, isSession);
    const first = await within('an answer, or the request', Promise.race([request, codeOf(stream)]));
    if (typeof first === 'object') return undefined;
    this.#openings.delete(id);
    return first;
  }

  /** Asks for a stream; the request is lost with the device's control link. */
  async openAndCut(id: number, device: number, isSession: boolean): Promise<void> {
    const before = this.#hub.openStreams;
    this.#network.lose(controlPath(device), 'down');
    this.#ask(id, device, isSession);
    await until('that the hub has asked', () => this.#hub.openStreams > before);
    await this.cutLink(device);
  }

  async accept(id: number): Promise<void> {
    const { stream, request } = this.#take(id);
    const accepted = request.then((asked) => asked.accept());
    this.#established(id, await within('the stream that was accepted', Promise.all([stream, accepted])));
  }

  /** The device accepts, and its answer is lost with its control link; `pass` lets it come back. */
  async acceptAndCut(id: number, device: number, pass: () => Promise<void>): Promise<void> {
    const { stream, request } = this.#openings.get(id) ?? this.#take(id);
    const asked = await within('the request', request);
    this.#network.lose(controlPath(device), 'up');
    const accepted = asked.accept();
    await this.cutLink(device);
    await pass();
    this.#openings.delete(id);
    this.#established(id, await within('the stream whose answer was lost', Promise.all([stream, accepted])));
  }

  /** @returns What the service is told. */
  async reject(id: number, reason: string): Promise<{ readonly code: string; readonly reason: string }> {
    const { stream, request } = this.#take(id);
    (await within('the request', request)).reject(reason);
    const error = await within('the rejection', failureOf(stream));
    return { code: error.code, reason: (error as StreamsError & { reason: string }).reason };
  }

  /** A request that came to nothing without the device. @param isTold The device too. @returns The code that the service is told. */
  async failure(id: number, isTold: boolean): Promise<string> {
    const { stream, request } = this.#take(id);
    const { code } = await within('the failure of the request', failureOf(stream));
    if (isTold) {
      const { signal } = await within('the request', request);
      await until('the withdrawal of the request', () => signal.aborted);
    }
    return code;
  }

  tape(id: number, end: End): Tape {
    const tapes = this.#tapes.get(id);
    assert(tapes, `there is no stream ${id}`);
    return tapes[end];
  }

  /** Waits for the end of a stream, at both ends. */
  async outcomes(id: number): Promise<Outcomes> {
    const [service, device] = await within(`the end of stream ${id}`, Promise.all(ENDS.map((end) => this.tape(id, end).stream.outcome)));
    return { service, device } as Outcomes;
  }

  /** A session that nobody takes up again: the service is told, and the device that was replaced once it has waited long enough. */
  async orphaned(stream: StreamModel): Promise<void> {
    if (isEnding(stream)) return;
    const { clean } = await within(`the end of session ${stream.id}`, this.tape(stream.id, 'service').stream.outcome);
    assert(!clean, `session ${stream.id} ends cleanly without the device`);
  }

  async cutLeg(id: number, end: End): Promise<void> {
    const { id: first } = this.tape(id, 'service').stream;
    await this.#network.cut(`/v1/streams/${this.#carriers.get(first)}/${end}`);
  }

  async cutLink(device: number): Promise<void> {
    const { client } = this.#slot(device);
    await this.#network.cut(controlPath(device));
    await until('that the device has lost its link', () => client?.state.name === 'waiting');
  }

  /** Takes the device's keys out of force; its client has lost its link then, and is given up. */
  async revoke(device: number, how: 'disable' | 'delete' | 'roll'): Promise<void> {
    const slot = this.#slot(device);
    const id = nameOf(device);
    if (how === 'delete') await this.#hub.deleteDevice(id);
    else if (how === 'disable') await this.#hub.putDevice(id, { enabled: false });
    else {
      await this.#hub.putDevice(id, { keys: [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64')) });
      await this.#learnKeys(device);
    }
    await until('the end of its links', () => !this.#network.has(controlPath(device)));
    const { client } = slot;
    slot.client = undefined;
    if (client) await until('that the client has noticed', () => client.state.name !== 'connected' && client.state.name !== 'renewing');
  }

  /** After the outcomes were looked at: a client whose keys are gone would go on trying. */
  async giveUp(device: number): Promise<void> {
    for (const client of this.#clients)
      if (client.deviceId === nameOf(device) && client !== this.#slot(device).client) await this.#forget(client);
  }

  /** Empties the hub, and starts another in its place. @param totalMs The time that passes meanwhile, at least what a drain takes. */
  async drain(totalMs: number): Promise<void> {
    const startMs = this.#clock.monotonicMs();
    let isClosed = false;
    void this.#hub.drain().then(() => (isClosed = true));
    assert.equal(await within('the refusal', codeOf(this.#service.createStream(nameOf(0)))), 'STREAMS_DRAINING');
    while (!isClosed) {
      await this.#step(STEP_MS);
      assert(this.#clock.monotonicMs() - startMs < totalMs / 2, 'the hub does not come to an end');
    }
    this.#startHub();
    await this.#passSlowly(startMs + totalMs - this.#clock.monotonicMs());
  }

  /** @param isUnsettled Connections were lost, and are coming back. */
  async pass(ms: number, isUnsettled: boolean): Promise<void> {
    if (!isUnsettled) return this.#clock.advance(ms);
    await this.#passSlowly(RETURN_MS);
    await this.#clock.advance(ms - RETURN_MS);
  }

  /** @throws AssertionError where something is left. */
  async close(): Promise<void> {
    this.#service.destroy();
    for (const client of this.#clients) client.destroy();
    let isClosed = false;
    const closed = Promise.all([this.#service.close(), this.#hub.close(), ...[...this.#clients].map((client) => client.close())]);
    void closed.then(() => (isClosed = true));
    for (let steps = 0; !isClosed && steps < 100; steps += 1) await this.#step(STEP_MS);
    await within('the end of everything', closed);
    await this.#network.close();
    assert.equal(this.#hub.openStreams, 0, 'streams are left');
    assert.equal(this.#clock.pendingTimers, 0, 'timers are left');
    assert.deepEqual(this.#repeated, [], 'requests that a device was asked twice');
  }

  get #hub(): Hub {
    assert(this.#network.hub);
    return this.#network.hub;
  }

  get #settings(): { clock: FakeClock; random: Random } {
    // A device that has lost its link dials within half the time that it could take, so that what it was asked is not given up before.
    return { clock: this.#clock, random: { bytes: (count) => this.#random.bytes(count), uniform: () => this.#random.uniform() / 2 } };
  }

  #startHub(): void {
    const info = (fields: object): void => this.#onRecord(fields as Partial<LogRecord>);
    const limits = {
      newStreamsPerSecond: false,
      newStreamsPerSecondPerPolicy: false,
      newStreamsPerSecondPerDevice: false,
      maxFailedLoginsPerAddress: false,
    } as const;
    this.#network.hub = createHub({
      hostNames: ['127.0.0.1'],
      publicUrl: this.#publicUrl,
      tls: false,
      policies: [this.#policy],
      registry: this.#registry,
      limits,
      logger: { ...MUTE, info },
      clock: this.#clock,
      random: this.#random,
    });
  }

  #onRecord({ operation, result, sessionId, streamId }: Partial<LogRecord>): void {
    if (operation === 'handshake' && result === 'established' && sessionId && streamId) this.#carriers.set(sessionId, streamId);
  }

  async #learnKeys(device: number): Promise<void> {
    this.#slot(device).connectionString = await this.#hub.connectionString({ deviceId: nameOf(device) });
  }

  async #passSlowly(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; ) {
      const stepMs = Math.min(passedMs < QUICK_MS ? STEP_MS : LONG_STEP_MS, ms - passedMs);
      await this.#step(stepMs);
      passedMs += stepMs;
    }
    for (const { client } of this.#devices) if (client) await until('that the device is back', () => client.state.name === 'connected');
  }

  /** Passes time, and lets what it has set off come to rest, as far as it does without more time. */
  async #step(ms: number): Promise<void> {
    await this.#clock.advance(ms);
    await until('the end of all dials', () => this.#devices.every(({ client }) => client?.state.name !== 'connecting'));
    for (let turn = 0; turn < RESTING_TURNS && this.#network.answering > this.#openings.size; turn += 1)
      await new Promise((resolve) => setImmediate(resolve));
  }

  #slot(device: number): DeviceSlot {
    return this.#devices[device] as DeviceSlot;
  }

  #ask(id: number, device: number, isSession: boolean): Opening {
    const name = `r${id}`;
    const request = new Promise<StreamRequest>((resolve) => this.#asked.set(name, resolve));
    const stream = this.#service.createStream(nameOf(device), { name, resume: isSession ? 'required' : 'off' });
    stream.catch(() => undefined);
    this.#openings.set(id, { stream, request });
    return { stream, request };
  }

  #established(id: number, [service, device]: readonly [DeviceStream, DeviceStream]): void {
    assert.deepEqual([service.id, service.name], [device.id, device.name]);
    this.#tapes.set(id, { service: new Tape(service, id * 2, id * 2 + 1), device: new Tape(device, id * 2 + 1, id * 2) });
  }

  #take(id: number): Opening {
    const opening = this.#openings.get(id);
    assert(opening, `nobody has asked for ${id}`);
    this.#openings.delete(id);
    return opening;
  }

  async #forget(client: DeviceClient): Promise<void> {
    this.#clients.delete(client);
    client.destroy();
    await within('the end of a client', client.close());
  }
}

function nameOf(device: number): string {
  return `device-${device}`;
}

function controlPath(device: number): string {
  return `/v1/devices/${nameOf(device)}/control`;
}

async function failureOf(promise: Promise<unknown>): Promise<StreamsError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert(error !== undefined, 'it did not fail');
  if (!StreamsError.is(error)) throw error;
  return error;
}

/** The code that it fails with; undefined where it does not. */
async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: unknown) => {
      if (StreamsError.is(error)) return error.code;
      throw error;
    },
  );
}

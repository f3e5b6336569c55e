// What a hub, its devices and a service have to do, as the documentation says it. It knows neither sockets nor timers.

/** The two ends of a stream. */
export type End = 'service' | 'device';
export const ENDS: readonly End[] = ['service', 'device'];

/** How long a request may stay unanswered. */
const HANDSHAKE_MS = 30_000;
/** After this time whoever has lost a connection has a new one. It is less than a session waits for an answer that does not come. */
export const RETURN_MS = 9_000;

interface DeviceModel {
  isRegistered: boolean;
  isEnabled: boolean;
  /** `away`: its control link was cut, and it will be back. */
  link: 'none' | 'up' | 'away';
  /** Counts its clients: a new one takes the place of the one before. */
  instance: number;
}

/** A request that the device has not answered. */
export interface RequestModel {
  readonly id: number;
  readonly device: number;
  readonly isSession: boolean;
  readonly untilMs: number;
}

/** What goes from one end to the other. */
interface DirectionModel {
  sent: number;
  read: number;
  isEnded: boolean;
}

/** An established stream. `suspended`: a session that has lost its legs. */
export interface StreamModel extends Omit<RequestModel, 'untilMs'> {
  readonly instance: number;
  isSuspended: boolean;
  readonly from: Readonly<Record<End, DirectionModel>>;
}

/** What time brings about. */
export interface Passed {
  readonly expired: readonly RequestModel[];
  /** Sessions that nobody can take up again. */
  readonly failed: readonly StreamModel[];
}

/** What the end of a hub brings about. */
export interface Drained {
  readonly late: readonly RequestModel[];
  readonly refused: readonly RequestModel[];
  readonly broken: readonly StreamModel[];
  readonly orphans: readonly StreamModel[];
}

/** See the top of this file. */
export class Model {
  nowMs = 0;
  /** Commands so far. */
  steps = 0;
  readonly devices: readonly DeviceModel[];
  requests: RequestModel[] = [];
  streams: StreamModel[] = [];
  #ids = 0;

  constructor(devices: number) {
    this.devices = Array.from({ length: devices }, () => ({ isRegistered: false, isEnabled: false, link: 'none', instance: 0 }));
  }

  /** Somebody has lost a connection, and is about to get the next. */
  get isUnsettled(): boolean {
    return this.devices.some(({ link }) => link === 'away') || this.streams.some(({ isSuspended }) => isSuspended);
  }

  device(index: number): DeviceModel {
    return this.devices[index] as DeviceModel;
  }

  /** What `createStream` fails with at once; undefined: the device is asked. */
  refusal(device: number): string | undefined {
    const { isRegistered, link } = this.device(device);
    if (!isRegistered) return 'STREAMS_DEVICE_NOT_FOUND';
    return link === 'up' ? undefined : 'STREAMS_DEVICE_NOT_CONNECTED';
  }

  ask(device: number, isSession: boolean): RequestModel {
    const request = { id: (this.#ids += 1), device, isSession, untilMs: this.nowMs + HANDSHAKE_MS };
    this.requests.push(request);
    return request;
  }

  accept({ id, device, isSession }: RequestModel): StreamModel {
    const none = (): DirectionModel => ({ sent: 0, read: 0, isEnded: false });
    const { instance } = this.device(device);
    const stream = { id, device, isSession, instance, isSuspended: false, from: { service: none(), device: none() } };
    this.requests = this.requests.filter((request) => request.id !== id);
    this.streams.push(stream);
    return stream;
  }

  /** @returns What the device had not answered. */
  connect(index: number): readonly RequestModel[] {
    const device = this.device(index);
    device.link = 'up';
    device.instance += 1;
    return this.#dropRequests((request) => request.device === index);
  }

  /** Whatever stands on the device's keys ends. */
  revoke(index: number): { readonly requests: readonly RequestModel[]; readonly streams: readonly StreamModel[] } {
    this.device(index).link = 'none';
    const streams = this.#dropStreams((stream) => stream.device === index);
    return { requests: this.#dropRequests((request) => request.device === index), streams };
  }

  /** Its leg is cut. @returns True if that ends the stream. */
  cut(stream: StreamModel): boolean {
    if (stream.isSession) stream.isSuspended = true;
    else this.over(stream);
    return !stream.isSession;
  }

  /** The hub is emptied for `limitMs` at most, and started again; `ms` after the beginning all are back. */
  drain(ms: number, limitMs: number): Drained {
    const isLate = this.#before(this.nowMs + limitMs);
    this.nowMs += ms;
    const orphans = this.#dropStreams((stream) => stream.isSession && this.#isOrphan(stream));
    const broken = this.#dropStreams(({ isSession }) => !isSession);
    return { late: this.#dropRequests(isLate), refused: this.#dropRequests(() => true), broken, orphans };
  }

  /** Time goes on: at least {@link RETURN_MS}, where somebody has to come back. */
  pass(ms: number): Passed {
    this.nowMs += ms;
    for (const device of this.devices) if (device.link === 'away') device.link = 'up';
    const failed = this.#dropStreams((stream) => stream.isSuspended && this.#isOrphan(stream));
    for (const stream of this.streams) stream.isSuspended = false;
    return { expired: this.#dropRequests(this.#before(this.nowMs)), failed };
  }

  forget(request: RequestModel): void {
    this.#dropRequests((other) => other === request);
  }

  over(stream: StreamModel): void {
    this.#dropStreams((other) => other === stream);
  }

  /** The client that has accepted it was replaced by another, which knows nothing of it. */
  #isOrphan({ device, instance }: StreamModel): boolean {
    return this.device(device).instance !== instance;
  }

  #before(limitMs: number): (request: RequestModel) => boolean {
    return ({ untilMs }) => untilMs <= limitMs;
  }

  #dropRequests(isGone: (request: RequestModel) => boolean): RequestModel[] {
    const gone = this.requests.filter(isGone);
    this.requests = this.requests.filter((request) => !gone.includes(request));
    return gone;
  }

  #dropStreams(isGone: (stream: StreamModel) => boolean): StreamModel[] {
    const gone = this.streams.filter(isGone);
    this.streams = this.streams.filter((stream) => !gone.includes(stream));
    return gone;
  }
}

/** Bytes on the way to `end`. */
export function unread({ from }: StreamModel, end: End): number {
  const { sent, read } = from[otherEnd(end)];
  return sent - read;
}

/** Both ends have finished, and all was read. */
export function isDone({ from }: StreamModel): boolean {
  return ENDS.every((end) => from[end].isEnded && from[end].read === from[end].sent);
}

/** Both ends have finished: whether a cut comes in time to break it is open. */
export function isEnding({ from }: StreamModel): boolean {
  return ENDS.every((end) => from[end].isEnded);
}

export function otherEnd(end: End): End {
  return end === 'service' ? 'device' : 'service';
}

// A connected device: its control links, the requests that it has not answered, and what happens when links come and go.
import {
  type Cancel,
  type Clock,
  CLOSE_BAD_MESSAGE,
  CLOSE_CLEAN,
  CLOSE_REPLACED,
  CLOSE_REVOKED,
  createError,
  type Deferred,
  decodeDeviceMessage,
  deferred,
  type DeclineCode,
  type DeviceMessage,
  encodeMessage,
  type HubMessage,
  INSTANCE_GRACE_MS,
  type Leg,
  type LegMessage,
  OLD_LINK_LIMIT_MS,
  onAbort,
  type RequestMessage,
  type WireCode,
} from '@streams/protocol/internal';
import { sharesOne } from '../auth/key-id.ts';

/** What stands in the close frame of who was revoked. */
export const REVOKED_REASON = 'REVOKED;retry=0';

/** What a device is asked. */
export type StreamOffer = Omit<RequestMessage, 'type'>;

/** What it says. */
export type OfferAnswer =
  | {
      readonly accepted: true;
      readonly protocol: string;
      readonly capabilities: readonly string[];
      /** The keys with which this instance of the device has authenticated itself; it may still grow. */
      readonly keyIds: ReadonlySet<string>;
    }
  | { readonly accepted: false; readonly code: DeclineCode; readonly reason: string };

/** What the broker sees of a device, whatever wire it speaks. */
export interface DeviceSession {
  /**
   * Asks the device.
   * @param options.signal Withdraws the request, answered or not; its reason is the code that the device is told.
   * @throws `STREAMS_DEVICE_NOT_CONNECTED` if the device is lost before its answer.
   */
  offer(offer: StreamOffer, options: { readonly signal: AbortSignal }): Promise<OfferAnswer>;
}

/** What the device has not answered. */
interface Pending {
  readonly offer: StreamOffer;
  /** When the time began that it has, on the monotonic clock. */
  readonly sinceMs: number;
  readonly answer: Deferred<OfferAnswer>;
}

/** What a session tells. */
export interface ControlSessionEvents {
  /** It can be asked from now on. */
  readonly connected: () => void;
  /** It cannot be asked any more; it may come back. */
  readonly disconnected: () => void;
  /** No link has been live for {@link INSTANCE_GRACE_MS}. */
  readonly gone: () => void;
  /** The device has lost its leg of an established stream. */
  readonly lost: (streamId: string) => void;
}

/**
 * One running instance of a device. Its newest link takes requests, those included that an earlier one may have lost on their way, or
 * their answers; answers count on any.
 */
export class ControlSession implements DeviceSession {
  readonly instanceId: string;
  readonly #clock: Clock;
  /** Each live link with the id of the key that has authenticated it, in the order in which they came. */
  readonly #links = new Map<Leg, string>();
  /** Of all its links so far: what was asked and answered stands as long as one of these keys is in force. */
  readonly #proven = new Set<string>();
  readonly #pending = new Map<string, Pending>();
  readonly #events: ControlSessionEvents;
  #newest: Leg | undefined;
  #cancelGrace: Cancel | undefined;

  constructor(instanceId: string, clock: Clock, events: ControlSessionEvents) {
    this.instanceId = instanceId;
    this.#clock = clock;
    this.#events = events;
  }

  /** True if the device can be asked now. */
  get isConnected(): boolean {
    return this.#newest !== undefined;
  }

  /** Takes over a link; an older one of this instance stays for late answers. */
  addLink(link: Leg, keyId: string, welcome: HubMessage): void {
    this.#cancelGrace?.();
    const older = this.#newest;
    if (older) {
      const cancel = this.#clock.after(OLD_LINK_LIMIT_MS, () => older.close(CLOSE_CLEAN));
      older.once('close', cancel);
    }
    this.#links.set(link, keyId);
    this.#proven.add(keyId);
    link.on('message', (message) => this.#onMessage(link, message));
    link.on('close', () => this.#onLinkClosed(link));
    link.send(encodeMessage(welcome));
    this.#setNewest(link);
    link.resume();
  }

  /** Sends a message over the newest link; false if there is none. */
  tell(message: HubMessage): boolean {
    this.#newest?.send(encodeMessage(message));
    return this.isConnected;
  }

  async offer(offer: StreamOffer, { signal }: { readonly signal: AbortSignal }): Promise<OfferAnswer> {
    if (!this.isConnected) throw createError('DEVICE_NOT_CONNECTED');
    const answer = deferred<OfferAnswer>();
    this.#pending.set(offer.streamId, { offer, sinceMs: this.#clock.monotonicMs(), answer });
    const forget = onAbort(signal, () => this.#withdraw(offer.streamId, signal.reason as WireCode));
    this.tell({ type: 'request', ...offer });
    try {
      const result = await answer.promise;
      // What the device has accepted can still be withdrawn, until the stream is established.
      if (!result.accepted) forget();
      return result;
    } finally {
      this.#pending.delete(offer.streamId);
    }
  }

  /** Ends every link; open requests fail. */
  close(code: number, reason: string): void {
    this.#cancelGrace?.();
    this.#setNewest(undefined);
    for (const link of this.#links.keys()) link.close(code, reason);
    this.#failPending();
  }

  /** Ends the links that none of these keys has authenticated, and what was asked, unless this instance has proven one of them. */
  revoke(keyIds: ReadonlySet<string>): void {
    if (!sharesOne(this.#proven, keyIds)) this.#failPending();
    for (const [link, keyId] of this.#links) {
      if (keyIds.has(keyId)) continue;
      link.close(CLOSE_REVOKED, REVOKED_REASON);
      // At once: nothing may be asked over it while it closes.
      this.#onLinkClosed(link);
    }
  }

  /** Another instance of the device has connected. */
  replace(): void {
    this.close(CLOSE_REPLACED, 'REPLACED;retry=0');
  }

  #withdraw(streamId: string, code: WireCode): void {
    this.#newest?.send(encodeMessage({ type: 'cancel', streamId, code }));
    this.#pending.get(streamId)?.answer.reject(createError(code));
  }

  #onMessage(link: Leg, text: LegMessage): void {
    let message: DeviceMessage | undefined;
    try {
      message = decodeDeviceMessage(typeof text === 'string' ? text : '');
    } catch {
      link.close(CLOSE_BAD_MESSAGE, 'BAD_REQUEST;retry=0');
      return;
    }
    if (message === undefined) return;
    if (message.type === 'lost') return this.#events.lost(message.streamId);
    const answer = this.#pending.get(message.streamId)?.answer;
    if (message.type === 'accept') {
      answer?.resolve({ accepted: true, protocol: message.protocol, capabilities: message.capabilities, keyIds: this.#proven });
    } else answer?.resolve({ accepted: false, code: message.code, reason: message.reason });
  }

  #onLinkClosed(link: Leg): void {
    this.#links.delete(link);
    if (this.#newest !== link) return;
    // Should the newest die first, an older one that still lingers serves again.
    this.#setNewest([...this.#links.keys()].at(-1));
    if (this.#newest) return;
    this.#cancelGrace = this.#clock.after(INSTANCE_GRACE_MS, () => {
      this.#failPending();
      this.#events.gone();
    });
  }

  #setNewest(link: Leg | undefined): void {
    const wasConnected = this.isConnected;
    this.#newest = link;
    if (this.isConnected && !wasConnected) this.#events.connected();
    if (!this.isConnected && wasConnected) this.#events.disconnected();
    if (link) this.#ask();
  }

  /** Each request that is open has gone over the newest link: another may have lost it, or the answer, without telling either side. */
  #ask(): void {
    for (const { offer, sinceMs } of this.#pending.values()) {
      const leftMs = offer.timeoutMs - Math.round(this.#clock.monotonicMs() - sinceMs);
      this.tell({ type: 'request', ...offer, timeoutMs: Math.max(1, leftMs) });
    }
  }

  #failPending(): void {
    for (const { answer } of this.#pending.values()) answer.reject(createError('DEVICE_NOT_CONNECTED', { details: { phase: 'answer' } }));
  }
}

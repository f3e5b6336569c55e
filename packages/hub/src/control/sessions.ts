// Which devices are connected: one session each, the newest instance wins (design section 5).
import {
  type Clock,
  CLOSE_REVOKED,
  FIRST_RETRY_MS,
  type GoawayMessage,
  type HubMessage,
  type Leg,
  MAX_RETRY_AFTER_MS,
  RETURNS_PER_SECOND,
} from '@streams/protocol/internal';
import type { HubObserver } from '../diagnostics/observer.ts';
import type { Presence } from './presence.ts';
import { ControlSession } from './session.ts';

/** A control link that has just been opened. */
export interface NewLink {
  readonly deviceId: string;
  readonly instanceId: string;
  readonly leg: Leg;
  /** Which key of the device has authenticated it. */
  readonly keyId: string;
  /** How long the credential behind it stays good. */
  readonly expiresInMs: number;
}

/** What the sessions work with. */
export interface SessionsContext {
  readonly clock: Clock;
  /** Makes the first message on a link. */
  readonly welcome: () => HubMessage;
  /** Called when a device has lost its leg of a stream. */
  readonly onLost: (deviceId: string, streamId: string) => void;
  readonly presence: Presence;
  readonly observer: HubObserver;
}

/** All sessions of this hub process. */
export class Sessions {
  readonly #context: SessionsContext;
  readonly #byDevice = new Map<string, ControlSession>();
  /** What every device has been told. */
  #goaway: GoawayMessage | undefined;

  constructor(context: SessionsContext) {
    this.#context = context;
  }

  attach({ deviceId, instanceId, leg, keyId, expiresInMs }: NewLink): void {
    const cancel = this.#context.clock.after(expiresInMs, () => leg.close(CLOSE_REVOKED, 'TOKEN_EXPIRED;retry=1'));
    leg.once('close', (end) => {
      cancel();
      this.#context.observer.linkClosed(end);
    });
    this.#context.observer.linkOpened();
    const session = this.#sessionFor(deviceId, instanceId);
    session.addLink(leg, keyId, this.#context.welcome());
    // Its upgrade was being authenticated when the others were told.
    if (this.#goaway) session.tell(this.#goaway);
  }

  /** The session of a device that can be asked now. */
  find(deviceId: string): ControlSession | undefined {
    const session = this.#byDevice.get(deviceId);
    return session?.isConnected ? session : undefined;
  }

  isConnected(deviceId: string): boolean {
    return this.find(deviceId) !== undefined;
  }

  /** Devices that can be asked now. */
  get connected(): number {
    let count = 0;
    for (const session of this.#byDevice.values()) if (session.isConnected) count += 1;
    return count;
  }

  /** Ends the links of a device that none of these keys has authenticated. */
  revoke(deviceId: string, keyIds: ReadonlySet<string>): void {
    this.#byDevice.get(deviceId)?.revoke(keyIds);
  }

  /** Asks every device to dial its next link within this time; false if none is connected. */
  goaway(withinMs: number): boolean {
    const message: GoawayMessage = { type: 'goaway', withinMs };
    this.#goaway = message;
    return [...this.#byDevice.values()].filter((session) => session.tell(message)).length > 0;
  }

  /**
   * Ends all links. Each device is told within which time to come back: as many as come then the next hub can take.
   * @param busy Devices for which somebody waits: they come first.
   */
  close(code: number, reason: string, busy: ReadonlySet<string>): void {
    const soon = returnWithinMs([...this.#byDevice.keys()].filter((deviceId) => busy.has(deviceId)).length);
    const later = returnWithinMs(this.#byDevice.size);
    for (const [deviceId, session] of this.#byDevice) {
      session.tell({ type: 'goaway', withinMs: busy.has(deviceId) ? soon : later });
      session.close(code, reason);
    }
    this.#byDevice.clear();
    this.#context.presence.stop();
  }

  #sessionFor(deviceId: string, instanceId: string): ControlSession {
    const known = this.#byDevice.get(deviceId);
    if (known?.instanceId === instanceId) return known;
    known?.replace();
    const gone = (): void => {
      if (this.#byDevice.get(deviceId) === session) this.#byDevice.delete(deviceId);
    };
    const session = new ControlSession(instanceId, this.#context.clock, {
      connected: () => this.#context.presence.connected(deviceId),
      disconnected: () => this.#context.presence.disconnected(deviceId),
      gone,
      lost: (streamId) => this.#context.onLost(deviceId, streamId),
    });
    this.#byDevice.set(deviceId, session);
    return session;
  }
}

/** So many devices at a random moment each are no more at once than the next hub can take. */
function returnWithinMs(devices: number): number {
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(FIRST_RETRY_MS, Math.ceil((devices * 1_000) / RETURNS_PER_SECOND)));
}

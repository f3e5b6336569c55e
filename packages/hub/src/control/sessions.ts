// Which devices are connected: one session each, the newest instance wins (design section 5).
import { type Clock, CLOSE_REVOKED, type GoawayMessage, type HubMessage, type Leg } from '@streams/protocol/internal';
import { type HubObserver, silentObserver } from '../diagnostics/observer.ts';
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

/** All sessions of this hub process. */
export class Sessions {
  readonly #clock: Clock;
  readonly #welcome: () => HubMessage;
  readonly #onLost: (deviceId: string, streamId: string) => void;
  readonly #observer: HubObserver;
  readonly #byDevice = new Map<string, ControlSession>();
  /** What every device has been told. */
  #goaway: GoawayMessage | undefined;

  /** @param onLost Called when a device has lost its leg of a stream. */
  constructor(
    clock: Clock,
    welcome: () => HubMessage,
    onLost: (deviceId: string, streamId: string) => void,
    observer: HubObserver = silentObserver,
  ) {
    this.#clock = clock;
    this.#welcome = welcome;
    this.#onLost = onLost;
    this.#observer = observer;
  }

  attach({ deviceId, instanceId, leg, keyId, expiresInMs }: NewLink): void {
    const cancel = this.#clock.after(expiresInMs, () => leg.close(CLOSE_REVOKED, 'TOKEN_EXPIRED;retry=1'));
    leg.once('close', (end) => {
      cancel();
      this.#observer.linkClosed(end);
    });
    this.#observer.linkOpened();
    const session = this.#sessionFor(deviceId, instanceId);
    session.addLink(leg, keyId, this.#welcome());
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

  /** Ends all links. */
  close(code: number, reason: string): void {
    for (const session of this.#byDevice.values()) session.close(code, reason);
    this.#byDevice.clear();
  }

  #sessionFor(deviceId: string, instanceId: string): ControlSession {
    const known = this.#byDevice.get(deviceId);
    if (known?.instanceId === instanceId) return known;
    known?.replace();
    const gone = (): void => {
      if (this.#byDevice.get(deviceId) === session) this.#byDevice.delete(deviceId);
    };
    const session = new ControlSession(instanceId, this.#clock, { gone, lost: (streamId) => this.#onLost(deviceId, streamId) });
    this.#byDevice.set(deviceId, session);
    return session;
  }
}

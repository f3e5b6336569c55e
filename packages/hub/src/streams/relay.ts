// Carries messages between two legs, opaquely: back-pressure both ways, ends passed on, payload bytes counted (design section 5).
import {
  type Clock,
  type Framing,
  type LegEnd,
  type LegMessage,
  RELAY_HIGH_WATER_BYTES,
  RELAY_LOW_WATER_BYTES,
} from '@streams/protocol/internal';
import { otherRole, type Role } from './handshake.ts';
import type { LegPair } from './rendezvous.ts';

/** Payload by direction. */
export interface RelayedBytes {
  readonly toDevice: number;
  readonly toService: number;
}

/** How a relayed stream went. */
export interface RelayReport {
  readonly bytesToDevice: number;
  readonly bytesToService: number;
  readonly endedBy: Role | 'hub';
  /** The close code under which the end was passed on. */
  readonly closeCode: number;
  readonly reason: string;
}

/** Told what happens to a relay. */
export interface RelayEvents {
  /** One leg is not read any more, since the other takes its bytes too slowly. @param to The slow one. */
  stalled(to: Role): void;
  /** Once, when both legs have ended. */
  ended(report: RelayReport): void;
}

/** Why a leg is not read; while there is a reason, it is not. */
interface Reading {
  /** Since when the other leg takes its bytes too slowly; `Infinity` while it does not. */
  stalledAtMs: number;
  /** Somebody else says so. */
  held: boolean;
}

/** Runs until both legs have ended. */
export class Relay {
  readonly #legs: LegPair;
  readonly #framing: Framing;
  readonly #bytesFrom: Record<Role, number> = { device: 0, service: 0 };
  readonly #events: RelayEvents;
  readonly #clock: Clock;
  readonly #reading: Record<Role, Reading> = {
    device: { stalledAtMs: Infinity, held: false },
    service: { stalledAtMs: Infinity, held: false },
  };
  #openLegs = 2;
  #firstEnd: Pick<RelayReport, 'endedBy' | 'closeCode' | 'reason'> | undefined;

  constructor(legs: LegPair, framing: Framing, events: RelayEvents, clock: Clock) {
    this.#legs = legs;
    this.#framing = framing;
    this.#events = events;
    this.#clock = clock;
    for (const role of ['device', 'service'] as const) {
      this.#forward(role);
      legs[role].on('close', (end) => this.#onLegEnd(role, end));
    }
    legs.device.resume();
    legs.service.resume();
  }

  /** Payload so far. */
  get bytes(): RelayedBytes {
    return { toDevice: this.#bytesFrom.service, toService: this.#bytesFrom.device };
  }

  /** Since when a receiver keeps its sender waiting, by the monotonic clock; `Infinity` while none does. */
  get stalledAtMs(): number {
    return Math.min(this.#reading.device.stalledAtMs, this.#reading.service.stalledAtMs);
  }

  /** Ends both legs from the hub's side. */
  close(closeCode: number, reason: string): void {
    this.#firstEnd ??= { endedBy: 'hub', closeCode, reason };
    this.#legs.device.close(closeCode, reason);
    this.#legs.service.close(closeCode, reason);
  }

  /** The same, and gives back at once what is queued for a leg that takes it slowly: that one would not get to the end in time. */
  drop(closeCode: number, reason: string): void {
    this.close(closeCode, reason);
    for (const leg of Object.values(this.#legs)) if (leg.bufferedBytes > RELAY_LOW_WATER_BYTES) leg.terminate();
  }

  /** Stops reading what a leg sends, until {@link Relay.release}. */
  hold(role: Role): void {
    this.#reading[role].held = true;
    this.#legs[role].pause();
  }

  /** Reads it again, unless the relay itself has stopped. */
  release(role: Role): void {
    this.#reading[role].held = false;
    if (this.#reading[role].stalledAtMs === Infinity) this.#legs[role].resume();
  }

  /** Cuts a leg that is lost, which ends the other. */
  cut(role: Role): void {
    this.#legs[role].terminate();
  }

  #forward(role: Role): void {
    const { headerBytes } = this.#framing;
    const from = this.#legs[role];
    const to = this.#legs[otherRole(role)];
    const reading = this.#reading[role];
    const flushed = (): void => {
      if (reading.stalledAtMs === Infinity || to.bufferedBytes > RELAY_LOW_WATER_BYTES) return;
      reading.stalledAtMs = Infinity;
      if (!reading.held) from.resume();
    };
    from.on('message', (message: LegMessage) => {
      this.#bytesFrom[role] += Math.max(0, Buffer.byteLength(message) - headerBytes);
      to.send(message, flushed);
      if (reading.stalledAtMs < Infinity || to.bufferedBytes < RELAY_HIGH_WATER_BYTES) return;
      reading.stalledAtMs = this.#clock.monotonicMs();
      from.pause();
      this.#events.stalled(otherRole(role));
    });
  }

  #onLegEnd(role: Role, end: LegEnd): void {
    const closeCode = this.#framing.passedOn(end);
    const reason = closeCode === end.code ? end.reason : '';
    this.#firstEnd ??= { endedBy: role, closeCode, reason };
    this.#openLegs -= 1;
    if (this.#openLegs > 0) return this.#legs[otherRole(role)].close(closeCode, reason);
    this.#events.ended({ ...this.#firstEnd, bytesToDevice: this.#bytesFrom.service, bytesToService: this.#bytesFrom.device });
  }
}

// Holds the legs of one handshake back until both are there, then lets them through together (design section 4).
import type { Leg, StreamsError } from '@streams/protocol/internal';
import type { PendingUpgrade } from '../http/pending-upgrade.ts';
import type { Role } from './handshake.ts';

interface HeldLeg {
  readonly upgrade: PendingUpgrade;
  readonly offered: readonly string[];
}

/** Two legs that were granted in the same tick. */
export type LegPair = Record<Role, Leg>;

/** One per handshake. */
export class Rendezvous {
  readonly #held = new Map<Role, HeldLeg>();

  /** True once a leg of this role came; its token is spent. */
  has(role: Role): boolean {
    return this.#held.has(role);
  }

  /** @param onLeave Called if the leg goes before it is granted or refused. */
  hold(role: Role, upgrade: PendingUpgrade, offered: readonly string[], onLeave: () => void): void {
    this.#held.set(role, { upgrade, offered });
    upgrade.onLeave(onLeave);
  }

  /** True if no held leg has offered other protocols alone. */
  permits(protocol: string): boolean {
    return [...this.#held.values()].every(({ offered }) => offered.length === 0 || offered.includes(protocol));
  }

  /** Sends both 101s; `undefined` if one of the two has just gone, and then the other is cut. */
  join(protocol: string): LegPair | undefined {
    const device = this.#held.get('device')?.upgrade.grant(protocol);
    const service = this.#held.get('service')?.upgrade.grant(protocol);
    this.#held.clear();
    if (device && service) return { device, service };
    device?.terminate();
    service?.terminate();
    return undefined;
  }

  /** Answers whoever waits with an error. */
  refuse(error: StreamsError): void {
    for (const { upgrade } of this.#held.values()) upgrade.refuse(error);
  }
}

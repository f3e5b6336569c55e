// The sessions that a client has open, those included that have ended and may still be asked for; and every leg below them.
import type { Leg } from '../leg/leg.ts';
import { watchMachine } from '../net/machine.ts';
import type { Cancel, Clock } from '../time/clock.ts';
import { SLEEP_PROBE_MS } from '../wire/defaults.ts';
import type { Session } from './session.ts';

const CLOSED = 'the client was closed';

/** What a client keeps of a session: who it is for. */
export interface OpenSession<Owner> {
  readonly session: Session;
  readonly owner: Owner;
}

/** See the file's head. */
export class OpenSessions<Owner> {
  readonly #sessions = new Map<string, OpenSession<Owner>>();
  readonly #legs = new Set<Leg>();
  /** Called, once each, when something ends. */
  readonly #waiting = new Set<() => void>();
  readonly #clock: Clock;
  /** Present while there are sessions. */
  #stopWatching: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(session: Session, owner: Owner): void {
    this.#stopWatching ??= watchMachine(() => this.checkLife(), this.#clock);
    this.#sessions.set(session.id, { session, owner });
    session.once('closed', () => this.#onChange());
    session.once('released', () => this.#forget(session));
  }

  get(id: string): OpenSession<Owner> | undefined {
    return this.#sessions.get(id);
  }

  /** Keeps a leg of one of the sessions until it is gone. */
  keep(leg: Leg): Leg {
    this.#legs.add(leg);
    leg.once('close', () => {
      this.#legs.delete(leg);
      this.#onChange();
    });
    return leg;
  }

  /** Asks each session's other side for a new leg within `afterMs`. */
  move(afterMs: number): void {
    for (const { session } of this.#sessions.values()) session.drain(afterMs);
  }

  /** The way to the hub may have changed, or the machine has slept: a leg that shows no life soon is cut, and its session resumed. */
  checkLife(): void {
    for (const leg of this.#legs) leg.requireLife(SLEEP_PROBE_MS);
  }

  /** Resolves once all sessions have ended, those that have not after `limitMs` by force, and their legs are gone. */
  async drain(clock: Clock, limitMs: number): Promise<void> {
    for (const { session } of this.#sessions.values()) session.end();
    const cancel = clock.after(limitMs, () => this.abort());
    await this.#until(() => [...this.#sessions.values()].every(({ session }) => session.state === 'lingering'));
    await this.#until(() => this.#legs.size === 0);
    cancel();
    this.abort();
  }

  /** Ends every session at once; the other sides are told where there is a leg. */
  abort(): void {
    for (const { session } of this.#sessions.values()) {
      if (!session.abort(CLOSED)) session.fail('ENDED', CLOSED);
    }
  }

  #forget({ id }: Session): void {
    this.#sessions.delete(id);
    if (this.#sessions.size === 0) {
      this.#stopWatching?.();
      this.#stopWatching = undefined;
    }
    this.#onChange();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #onChange(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

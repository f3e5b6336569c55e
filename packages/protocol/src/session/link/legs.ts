// The legs of one session: at most one carries our frames, at most one is read, and the newest that proves itself wins.
import { CLOSE_REPLACED } from '../../wire/close-codes.ts';
import { MAX_UNPROVEN_LEGS } from '../../wire/limits.ts';
import type { LinkLeg } from './link-leg.ts';

/** All legs that are attached now. */
export class Legs {
  /** The one that our frames go to. */
  carrier: LinkLeg | undefined;
  /** No HELLO has come on these. */
  readonly #new = new Set<LinkLeg>();
  /** Those on which we have sent PROOF, in that order: the last one is read, those below it are frozen. */
  readonly #met: LinkLeg[] = [];

  get all(): LinkLeg[] {
    return [...this.#new, ...this.#met];
  }

  /** A leg is between PROOF and PROOF: it may carry in a moment. */
  get isMeeting(): boolean {
    return this.#met.some(({ greeting }) => greeting.name === 'proof');
  }

  /** Sends `message` to a peer that has proven itself. False if there is none. */
  signal(message: Uint8Array): boolean {
    if (this.carrier?.greeting.name !== 'up') return false;
    this.carrier.send(message);
    return true;
  }

  /** Returns the one that has to make room: of too many that have not proven themselves the oldest, since the peer is a matter of a round trip. */
  add(leg: LinkLeg): LinkLeg | undefined {
    this.#new.add(leg);
    const unproven = this.all.filter((other) => other !== this.carrier && other.greeting.name !== 'up');
    if (unproven.length <= MAX_UNPROVEN_LEGS) return undefined;
    return unproven.reduce((oldest, other) => (other.epoch < oldest.epoch ? other : oldest));
  }

  /** We are about to send PROOF on `leg`: what the others still bring comes on this one again. */
  met(leg: LinkLeg): void {
    this.#new.delete(leg);
    this.#met.at(-1)?.freeze();
    this.#met.push(leg);
  }

  /** `leg` has proven itself: it carries, and all others have had their time, but those that were attached after it. */
  won(leg: LinkLeg): void {
    this.carrier = leg;
    for (const other of this.all) {
      if (other === leg || (other.greeting.name === 'hello' && other.epoch > leg.epoch)) continue;
      this.#forget(other);
      other.close(CLOSE_REPLACED, 'SUPERSEDED');
    }
  }

  /** `leg` is gone; the one below it is read again. False if it was gone already. */
  drop(leg: LinkLeg): boolean {
    const wasRead = this.#met.at(-1) === leg;
    if (!this.#forget(leg)) return false;
    if (this.carrier === leg) this.carrier = undefined;
    if (wasRead) this.#met.at(-1)?.thaw();
    return true;
  }

  #forget(leg: LinkLeg): boolean {
    if (this.#new.delete(leg)) return true;
    const index = this.#met.indexOf(leg);
    if (index >= 0) this.#met.splice(index, 1);
    return index >= 0;
  }
}

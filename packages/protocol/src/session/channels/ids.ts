// Channel ids: upwards, odd ones from the service and even ones from the device, again from the start after 24 bits.
import { MAX_CHANNEL_ID } from '../../wire/channel-limits.ts';
import type { SessionRole } from '../../wire/session-hello.ts';

/** The channel that a plain stream has from the start, without OPEN and ACCEPT. */
export const IMPLICIT_CHANNEL = 1;

/** True if `role` may open a channel of this id. */
export function isIdOf(role: SessionRole, id: number): boolean {
  return id > 0 && id % 2 === (role === 'service' ? 1 : 0);
}

/** Gives out the ids of one side. */
export class ChannelIds {
  readonly #first: number;
  #next: number;

  /** @param next The first one to be given out; for tests of the wrap. */
  constructor(role: SessionRole, next: number = role === 'service' ? 1 : 2) {
    this.#first = role === 'service' ? 1 : 2;
    this.#next = next;
  }

  /** The next id that is not in use. There are far fewer channels than ids. */
  take(inUse: { has(id: number): boolean }): number {
    while (inUse.has(this.#next)) this.#advance();
    const id = this.#next;
    this.#advance();
    return id;
  }

  #advance(): void {
    this.#next += 2;
    if (this.#next > MAX_CHANNEL_ID) this.#next = this.#first;
  }
}

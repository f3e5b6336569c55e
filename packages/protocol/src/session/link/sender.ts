// Fills a leg with messages: those that the peer has missed first, then new ones, as far as leg and window allow.
import { MIN_SESSION_MESSAGE_BYTES } from '../../wire/limits.ts';
import { asksForAck, FRAMES_HEADER_BYTES, markFrames } from '../../wire/session-messages.ts';
import type { LinkUser } from '../seam.ts';
import type { LinkLeg } from './link-leg.ts';
import type { Pace } from './pace.ts';
import type { ReplayQueue } from './replay.ts';

/** The sending side of a link. */
export class Sender {
  /** Until the peer's HELLO is known: what every peer takes. */
  maxFramesBytes: number = MIN_SESSION_MESSAGE_BYTES - FRAMES_HEADER_BYTES;
  readonly #user: LinkUser;
  readonly #replay: ReplayQueue;
  readonly #pace: Pace;

  constructor(user: LinkUser, replay: ReplayQueue, pace: Pace) {
    this.#user = user;
    this.#replay = replay;
    this.#pace = pace;
  }

  /** Sends what there is, until there is nothing, or no room. */
  flush(leg: LinkLeg): void {
    const replay = this.#replay;
    while (leg.hasRoom) {
      const message = replay.next() ?? (this.#compose(leg) ? replay.next() : undefined);
      if (message === undefined) return;
      if (asksForAck(message)) this.#pace.asked(replay.position, replay.acked);
      leg.send(message);
    }
  }

  #compose(leg: LinkLeg): boolean {
    const { sent, acked, bytes } = this.#replay;
    if (bytes >= this.#pace.windowBytes) {
      if (this.#pace.full(sent)) this.#ask(leg);
      return false;
    }
    const message = this.#user.compose(FRAMES_HEADER_BYTES, this.maxFramesBytes);
    if (message === undefined) return false;
    const framesBytes = message.length - FRAMES_HEADER_BYTES;
    markFrames(message, sent, this.#pace.mustAsk(sent + framesBytes, acked));
    this.#replay.add(message, framesBytes);
    return true;
  }

  /** The window has shrunk below what is under way, and the last message of that did not ask: an empty one does. */
  #ask(leg: LinkLeg): void {
    const { sent, acked } = this.#replay;
    const message = new Uint8Array(FRAMES_HEADER_BYTES);
    markFrames(message, sent, true);
    this.#pace.asked(sent, acked);
    leg.send(message);
  }
}

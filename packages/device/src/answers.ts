// Which requests have come, and what was said to each last: a hub that may not have heard it asks again over the next link.
import { type Clock, type DeviceMessage, HANDSHAKE_GUARD_MS, type RequestMessage } from '@streams/protocol/internal';

interface Known {
  /** On the monotonic clock: the hub does not ask again once the handshake is over. */
  readonly untilMs: number;
  last?: DeviceMessage;
}

/** See the top of this file. */
export class Answers {
  readonly #clock: Clock;
  /** In the order in which they came. */
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns False if this request has come before. */
  add({ streamId, timeoutMs }: RequestMessage): boolean {
    const nowMs = this.#clock.monotonicMs();
    for (const [oldest, { untilMs }] of this.#known) {
      if (untilMs > nowMs) break;
      this.#known.delete(oldest);
    }
    if (this.#known.has(streamId)) return false;
    this.#known.set(streamId, { untilMs: nowMs + timeoutMs + HANDSHAKE_GUARD_MS });
    return true;
  }

  /** Keeps what the hub is told of a request. */
  keep(message: DeviceMessage): void {
    const known = this.#known.get(message.streamId);
    if (known) known.last = message;
  }

  /** What it was told last; undefined: nothing yet. */
  last(streamId: string): DeviceMessage | undefined {
    return this.#known.get(streamId)?.last;
  }
}

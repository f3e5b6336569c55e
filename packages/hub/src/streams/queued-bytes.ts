// What waits in this hub for receivers that are slow, all streams together: the part of its memory that others decide on. It is bounded:
// where it nears the bound no stream is opened, and beyond it those end that have been stalled for longest.
import { type Cancel, type Clock, CLOSE_OVERLOADED, RELAY_HIGH_WATER_BYTES } from '@streams/protocol/internal';
import type { LimitsInForce } from '../config/limits-in-force.ts';
import type { HubObserver } from '../diagnostics/observer.ts';
import type { Relay } from './relay.ts';
import type { LegPair } from './rendezvous.ts';

/** To add up 20,000 streams takes milliseconds, and no queue grows by much meanwhile. */
const LOOK_EVERY_MS = 250;
/** From this part of the bound on no stream is opened: what is left is for those that run, so that new ones do not push out old ones. */
const HIGH_PART = 0.75;
/** Streams that become slow all at once do not wait for the next look: this part of the bound is the most that they bring unseen. */
const UNSEEN_PART = 1 / 16;

/** What queued bytes are watched with. */
export interface QueuedBytesContext {
  readonly limits: LimitsInForce;
  readonly clock: Clock;
  readonly observer: HubObserver;
}

/** A stream that runs. */
interface Queue {
  readonly relay: Pick<Relay, 'stalledAtMs' | 'drop'>;
  readonly legs: LegPair;
}

/** See the top of this file. */
export class QueuedBytes {
  readonly #context: QueuedBytesContext;
  readonly #queues = new Set<Queue>();
  #sum = 0;
  /** Receivers that have become slow since it was counted. */
  #stalls = 0;
  #countedAtMs = Number.NEGATIVE_INFINITY;
  #stopWaiting: Cancel | undefined;

  constructor(context: QueuedBytesContext) {
    this.#context = context;
    context.limits.onChange(() => this.#lookSoon());
  }

  /** A stream runs. @returns to be called with its end. */
  watch(relay: Queue['relay'], legs: LegPair): Cancel {
    const queue: Queue = { relay, legs };
    this.#queues.add(queue);
    return () => this.#forget(queue);
  }

  /** True while nothing more is to be taken on. A quarter of a second old at most. */
  get areHigh(): boolean {
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs - this.#countedAtMs >= LOOK_EVERY_MS) this.#count();
    return this.#sum >= HIGH_PART * this.#max;
  }

  /** A receiver has become slow: sees in a moment whether there are too many of them, and at once if there may be. */
  stalled(): void {
    this.#stalls += 1;
    const unseenBytes = this.#stalls * RELAY_HIGH_WATER_BYTES;
    if (unseenBytes >= UNSEEN_PART * this.#max && this.#sum + unseenBytes > this.#max) this.#look();
    else this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#queues.size === 0 || this.#max === Infinity) return;
    this.#stopWaiting ??= this.#context.clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  get #max(): number {
    return this.#context.limits.current.maxQueuedBytes;
  }

  #look(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#count();
    for (const queue of longestStalled(this.#queues, this.#sum - this.#max)) this.#end(queue);
    if (this.areHigh) this.#lookSoon();
  }

  #count(): void {
    this.#countedAtMs = this.#context.clock.monotonicMs();
    this.#stalls = 0;
    this.#sum = 0;
    for (const queue of this.#queues) this.#sum += bytesIn(queue);
  }

  #end(queue: Queue): void {
    // Its end takes a moment, and it is told once.
    this.#forget(queue);
    this.#context.observer.limitReached('maxQueuedBytes');
    queue.relay.drop(CLOSE_OVERLOADED, 'OVERLOADED;retry=1');
  }

  #forget(queue: Queue): void {
    this.#queues.delete(queue);
    if (this.#queues.size > 0) return;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }
}

/** Those that have been stalled for longest, as many as hold so many bytes. */
function longestStalled(queues: Iterable<Queue>, bytes: number): Queue[] {
  if (bytes <= 0) return [];
  const stalled = [...queues].filter(({ relay }) => relay.stalledAtMs < Infinity);
  let left = bytes;
  return stalled
    .sort((a, b) => a.relay.stalledAtMs - b.relay.stalledAtMs)
    .filter((queue) => {
      if (left <= 0) return false;
      left -= bytesIn(queue);
      return true;
    });
}

function bytesIn({ legs: { device, service } }: Queue): number {
  return device.bufferedBytes + service.bufferedBytes;
}

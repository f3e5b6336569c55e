// Who gets into the next message: control, credit, the small that have just woken up, then bulk in turns. Idle channels cost nothing.
import { CHANNEL_QUANTUM_BYTES, MESSAGE_TARGET_BYTES, SMALL_SHARE_BYTES, SMALL_WAKE_BYTES } from '../../wire/channel-limits.ts';
import { encodeSessionFrame, SESSION_FRAME_HEADER_BYTES } from '../../wire/session-frames.ts';
import type { LinkPort } from '../seam.ts';
import { ControlQueue } from './control-queue.ts';
import { LinkedList } from './linked-list.ts';
import { MessagePlan } from './message-plan.ts';
import type { ReceiveWindow } from './receive-window.ts';
import type { Later, SendQueue } from './send-queue.ts';
import { throwLater } from './throw-later.ts';

const CREDIT_FRAME_BYTES = SESSION_FRAME_HEADER_BYTES + 4;

/** One per session. */
export class Scheduler {
  readonly #link: LinkPort;
  readonly #control: ControlQueue = new ControlQueue();
  readonly #credits: LinkedList<ReceiveWindow> = new LinkedList();
  readonly #woken: LinkedList<SendQueue> = new LinkedList();
  readonly #bulk: LinkedList<SendQueue> = new LinkedList();
  /** What the first of `#bulk` may still send in its turn; 0: its turn has not begun. */
  #turnBytes = 0;
  #lastBulk: SendQueue | undefined;

  constructor(link: LinkPort) {
    this.#link = link;
  }

  get unsentControlFrames(): number {
    return this.#control.length;
  }

  /** A control frame, in order. `sent` runs once it is in a message. */
  control(bytes: Uint8Array, sent?: Later): void {
    this.#control.push(bytes, sent);
    this.#link.wake();
  }

  /** `window` has credit to grant. */
  creditDue(window: ReceiveWindow): void {
    this.#credits.push(window);
    this.#link.wake();
  }

  /** `queue` has something to send, or has more of it. */
  ready(queue: SendQueue): void {
    this.#link.wake(queue.list === undefined && this.#enter(queue) ? 'quiet' : undefined);
  }

  /** Nothing more comes of a channel that was reset. */
  drop(queue: SendQueue, window: ReceiveWindow): void {
    this.#leaveBulk(queue);
    this.#woken.remove(queue);
    this.#credits.remove(window);
    if (this.#lastBulk === queue) this.#lastBulk = undefined;
  }

  /** Nothing more is granted. */
  dropCredit(window: ReceiveWindow): void {
    this.#credits.remove(window);
  }

  /** See `LinkUser.compose`. */
  compose(reservedBytes: number, maxFramesBytes: number): Buffer | undefined {
    const plan = new MessagePlan(Math.min(maxFramesBytes, MESSAGE_TARGET_BYTES));
    const later: Later[] = [];
    // Strictly in this order: no byte of a channel may come before its OPEN or ACCEPT.
    if (this.#planControl(plan, later) && this.#planCredit(plan)) {
      this.#planWoken(plan);
      this.#planBulk(plan);
    }
    if (plan.isEmpty) return undefined;
    const message = plan.write(reservedBytes, later);
    if (later.length > 0) queueMicrotask(() => later.forEach(throwLater));
    return message;
  }

  /** True if the channel has been quiet and has little to say. What is left over from bulk is bulk. */
  #enter(queue: SendQueue): boolean {
    const isSmall = queue.queuedBytes <= SMALL_WAKE_BYTES;
    (isSmall ? this.#woken : this.#bulk).push(queue);
    return isSmall && queue !== this.#lastBulk;
  }

  /** True if all has found room. */
  #planControl(plan: MessagePlan, later: Later[]): boolean {
    for (let frame = this.#control.first; frame; frame = this.#control.first) {
      if (!plan.fits(frame.bytes.length)) return false;
      plan.add(frame.bytes);
      if (frame.sent) later.push(frame.sent);
      this.#control.shift();
    }
    return true;
  }

  #planCredit(plan: MessagePlan): boolean {
    for (let window = this.#credits.first; window; window = this.#credits.first) {
      if (!plan.fits(CREDIT_FRAME_BYTES)) return false;
      this.#credits.remove(window);
      plan.add(encodeSessionFrame({ type: 'credit', channel: window.channelId, bytes: window.grant() }));
    }
    return true;
  }

  #planWoken(plan: MessagePlan): void {
    const limitBytes = plan.bytes + SMALL_SHARE_BYTES;
    for (let queue = this.#woken.first; queue && plan.bytes < limitBytes; queue = this.#woken.first) {
      const isSmall = queue.queuedBytes <= SMALL_WAKE_BYTES;
      if (isSmall && !plan.addData(queue, SMALL_WAKE_BYTES)) return;
      this.#woken.remove(queue);
      if (queue.isReady) this.#bulk.push(queue);
    }
  }

  #planBulk(plan: MessagePlan): void {
    for (let queue = this.#bulk.first; queue; queue = this.#bulk.first) {
      if (this.#turnBytes === 0) this.#turnBytes = CHANNEL_QUANTUM_BYTES;
      const planned = plan.addData(queue, this.#turnBytes);
      if (!planned) return;
      this.#lastBulk = planned.eof ? undefined : queue;
      this.#turnBytes -= planned.bytes;
      if (queue.isReady && this.#turnBytes > 0) continue;
      this.#leaveBulk(queue);
      if (queue.isReady) this.#bulk.push(queue);
    }
  }

  /** The turn of the first ends with it. */
  #leaveBulk(queue: SendQueue): void {
    if (this.#bulk.first === queue) this.#turnBytes = 0;
    this.#bulk.remove(queue);
  }
}

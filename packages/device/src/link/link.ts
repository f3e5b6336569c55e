// The control link over time: dials, reconnects, renews itself before its credential ends, and survives sleep (design section 5).
import {
  BACKOFF_RESET_MS,
  type Cancel,
  CLOSE_CLEAN,
  CLOSE_REPLACED,
  CLOSE_RESTART,
  connectError,
  createError,
  type Deferred,
  deferred,
  type DeviceMessage,
  encodeMessage,
  type GoawayMessage,
  type HubMessage,
  type Leg,
  type LegEnd,
  OLD_LINK_LINGER_MS,
  ReplacedError,
  SIGNATURE_LIFE_MS,
  SLEEP_PROBE_MS,
  StreamsError,
  SUCCESSOR_FROM,
  SUCCESSOR_UNTIL,
  throwIfAborted,
  unlessAborted,
  watchMachine,
} from '@streams/protocol/internal';
import { retryDelayMs } from './backoff.ts';
import { type LinkTarget, type OpenLink, openLink } from './open-link.ts';
import { type LinkEvent, type LinkState, transition } from './state.ts';

/** A renewal that has failed is tried again within this part of the credential's life, while the link still stands. */
const RENEW_AGAIN = (1 - SUCCESSOR_UNTIL) / 3;

/** Told what happens on the link. */
export interface LinkEvents {
  message(message: HubMessage): void;
  /** After each change of state. */
  state(state: LinkState, before: LinkState): void;
  /** The hub has asked to go, and the next link stands, wherever it leads: whatever still goes over that hub is to follow. */
  moved(goaway: GoawayMessage): void;
  /** After `close`, once every socket of the link is gone. */
  gone(): void;
}

/** Keeps one control link up, from `connect` to `close`. */
export class Link {
  /** Where stream URLs may lead, as the hub last said. */
  streamingEndpoints: readonly string[] = [];
  readonly #target: LinkTarget;
  readonly #events: LinkEvents;
  /** The link in use, and older ones that are being closed. */
  readonly #legs = new Set<Leg>();
  readonly #unsent: DeviceMessage[] = [];
  #state: LinkState = { name: 'idle' };
  #leg: Leg | undefined;
  #dialling: AbortController | undefined;
  /** Settles `connect()`; absent once the link has stood. */
  #first: Deferred<void> | undefined;
  /** Settles `renew()`. */
  #renewal: Deferred<void> | undefined;
  /** Calls of `connect()` that wait; the last one that is aborted ends the attempt. */
  #callers = 0;
  #setbacks = 0;
  #connectedAtMs = 0;
  /** The hub has asked to go: when the successor is due, and how often it has failed to come about since. */
  #leaving: { readonly goaway: GoawayMessage; readonly dueMs: number; failures: number } | undefined;
  #timer: Cancel | undefined;
  #stopWatching: Cancel | undefined;

  constructor(target: LinkTarget, events: LinkEvents) {
    this.#target = target;
    this.#events = events;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Resolves once connected. Rejects if that cannot come about by waiting, or the signal fires; then it can be called again. */
  async connect(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    if (this.#state.name === 'closed') throw this.#state.cause ?? createError('CLOSED');
    if (this.#apply({ type: 'connect' })) {
      this.#first = deferred();
      this.#setbacks = 0;
      this.#dial();
    }
    this.#callers += 1;
    try {
      await unlessAborted(this.#first?.promise ?? Promise.resolve(), signal);
    } finally {
      this.#callers -= 1;
      if (this.#callers === 0) this.#giveUp(createError('ABORTED'));
    }
  }

  /**
   * Dials the next link at once, with the signer's key as it is now; the present one stays until that stands, and then goes.
   * Resolves once it stands, however long the hub cannot be reached. @throws why that is not a matter of waiting.
   */
  async renew(): Promise<void> {
    if (this.#state.name === 'closed') throw this.#state.cause ?? createError('CLOSED');
    if (this.#state.name === 'idle') return;
    this.#renewal?.reject(createError('ABORTED', { message: 'another key was given meanwhile' }));
    const renewal = deferred<void>();
    this.#renewal = renewal;
    // A dial that is under way has signed with the key of before.
    this.#dialling?.abort();
    this.#timer?.();
    if (!this.#apply({ type: 'renew' })) this.#apply({ type: 'retry' });
    this.#dial();
    await renewal.promise;
  }

  /** Sends an answer, at once or as soon as there is a link again. */
  send(message: DeviceMessage): void {
    if (this.#leg) this.#leg.send(encodeMessage(message));
    else this.#unsent.push(message);
  }

  close(cause?: StreamsError): void {
    if (!this.#apply({ type: 'close', cause })) return;
    this.#stop();
    this.#first?.reject(cause ?? createError('CLOSED'));
    this.#renewal?.reject(cause ?? createError('CLOSED'));
    for (const leg of this.#legs) leg.close(CLOSE_CLEAN);
    if (this.#legs.size === 0) this.#events.gone();
  }

  /** Cuts what `close` has left. */
  terminate(): void {
    for (const leg of this.#legs) leg.terminate();
  }

  #apply(event: LinkEvent): boolean {
    const before = this.#state;
    const next = transition(before, event);
    if (next === before) return false;
    this.#state = next;
    this.#events.state(next, before);
    return true;
  }

  #dial(): void {
    const dialling = new AbortController();
    this.#dialling = dialling;
    // What comes in the packet of the welcome waits for the link to be taken over.
    const early: HubMessage[] = [];
    let onMessage = (message: HubMessage): unknown => early.push(message);
    openLink(this.#target, dialling.signal, (message) => onMessage(message)).then(
      (link) => {
        if (dialling.signal.aborted) return link.leg.terminate();
        this.#adopt(link);
        onMessage = (message) => this.#onMessage(link.leg, message);
        early.forEach(onMessage);
      },
      (error) => {
        if (!dialling.signal.aborted) this.#onDialFailed(StreamsError.is(error) ? error : connectError(error));
      },
    );
  }

  #adopt({ leg, welcome }: OpenLink): void {
    const older = this.#leg;
    if (older) this.#retire(older);
    this.#leg = leg;
    this.#legs.add(leg);
    leg.once('close', (end) => this.#onLegClosed(leg, end));
    this.#connectedAtMs = this.#target.clock.monotonicMs();
    this.streamingEndpoints = welcome.streamingEndpoints;
    this.#stopWatching?.();
    this.#stopWatching = watchMachine(() => leg.requireLife(SLEEP_PROBE_MS), this.#target.clock);
    this.#renewWithin(SIGNATURE_LIFE_MS * SUCCESSOR_FROM, SIGNATURE_LIFE_MS * SUCCESSOR_UNTIL);
    for (const message of this.#unsent.splice(0)) this.send(message);
    this.#apply({ type: 'welcome' });
    this.#first?.resolve();
    this.#first = undefined;
    this.#renewal?.resolve();
    this.#renewal = undefined;
    const { goaway } = this.#leaving ?? {};
    this.#leaving = undefined;
    if (goaway) this.#events.moved(goaway);
  }

  /** Requests that the hub sent on the older link before it knew of the newer one may still come. */
  #retire(older: Leg): void {
    const cancel = this.#target.clock.after(OLD_LINK_LINGER_MS, () => older.close(CLOSE_CLEAN));
    older.once('close', cancel);
  }

  #renewWithin(fromMs: number, untilMs: number): void {
    const { clock, random } = this.#target;
    this.#timer?.();
    this.#timer = clock.after(fromMs + (untilMs - fromMs) * random.uniform(), () => {
      if (this.#apply({ type: 'renew' })) this.#dial();
    });
  }

  #onMessage(leg: Leg, message: HubMessage): void {
    if (message.type === 'goaway') {
      // Of a link that has been superseded: its hub has been left already.
      if (leg !== this.#leg) return;
      const { clock, random } = this.#target;
      const delayMs = random.uniform() * message.withinMs;
      this.#leaving = { goaway: message, dueMs: clock.monotonicMs() + delayMs, failures: 0 };
      this.#renewWithin(delayMs, delayMs);
    }
    this.#events.message(message);
  }

  #onLegClosed(leg: Leg, end: LegEnd): void {
    this.#legs.delete(leg);
    if (this.#state.name === 'closed' && this.#legs.size === 0) return this.#events.gone();
    if (this.#leg !== leg) return;
    this.#leg = undefined;
    this.#stopWatching?.();
    if (end.code === CLOSE_REPLACED) return this.close(new ReplacedError());
    // The successor is on its way; its outcome decides.
    if (this.#apply({ type: 'orphaned' })) return;
    const wasStable = this.#target.clock.monotonicMs() - this.#connectedAtMs >= BACKOFF_RESET_MS;
    if (wasStable) this.#setbacks = 0;
    const message = `the control link was lost (${end.code})`;
    this.#waitAfter(createError('CONNECT_FAILED', { message, details: { closeCode: end.code } }), this.#dueAfter(end));
  }

  /**
   * A hub that restarts has said when each device is to come back, so that not all come at once; where that moment is past, since the hub
   * took long to close so many links, another one is taken. With the hub everything is gone that could follow.
   */
  #dueAfter({ code }: LegEnd): number | undefined {
    const { clock, random } = this.#target;
    const leaving = this.#leaving;
    this.#leaving = undefined;
    if (code !== CLOSE_RESTART || !leaving) return undefined;
    const leftMs = leaving.dueMs - clock.monotonicMs();
    return leftMs > 0 ? leftMs : random.uniform() * leaving.goaway.withinMs;
  }

  #onDialFailed(error: StreamsError): void {
    if (!error.retryable) {
      this.#renewal?.reject(error);
      this.#renewal = undefined;
    }
    if (this.#apply({ type: 'keep' })) this.#renewAgain(error);
    else if (this.#first && !error.retryable) this.#giveUp(error);
    else this.#waitAfter(error);
  }

  /** The link stands meanwhile. One that is about to go has a hub to find soon, and none to press. */
  #renewAgain(cause: StreamsError): void {
    if (!this.#leaving) return this.#renewWithin(0, SIGNATURE_LIFE_MS * RENEW_AGAIN);
    this.#leaving.failures += 1;
    const delayMs = retryDelayMs(this.#leaving.failures, cause, this.#target.random);
    this.#renewWithin(delayMs, delayMs);
  }

  #waitAfter(cause: StreamsError, dueMs?: number): void {
    this.#setbacks += 1;
    const delayMs = dueMs ?? retryDelayMs(this.#setbacks, cause, this.#target.random);
    if (!this.#apply({ type: 'setback', attempt: this.#setbacks, delayMs, cause })) return;
    this.#timer?.();
    this.#timer = this.#target.clock.after(delayMs, () => {
      if (this.#apply({ type: 'retry' })) this.#dial();
    });
  }

  #giveUp(error: StreamsError): void {
    if (!this.#first || !this.#apply({ type: 'give-up' })) return;
    this.#stop();
    this.#first.reject(error);
    this.#first = undefined;
  }

  #stop(): void {
    this.#timer?.();
    this.#stopWatching?.();
    this.#dialling?.abort();
  }
}

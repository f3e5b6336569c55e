// The link of a session: one sequence of bytes each way that survives the loss of its legs. It knows nothing of channels, and does not dial.
import { EventEmitter } from 'eventemitter3';
import type { Leg, LegEnd } from '../../leg/leg.ts';
import type { Cancel } from '../../time/clock.ts';
import { CLOSE_ABORTED, CLOSE_CLEAN, CLOSE_REPLACED, CLOSE_REVOKED, CLOSE_SESSION_FAILED } from '../../wire/close-codes.ts';
import { MAX_REPLAY_WINDOW_BYTES, SESSION_LINGER_MS } from '../../wire/defaults.ts';
import { MAX_UNPROVEN_LEGS } from '../../wire/limits.ts';
import { encodeDrain, encodeFail } from '../../wire/session-messages.ts';
import { FAIL_CODES, type FailCode, type LinkPort, SessionFailure } from '../seam.ts';
import { closeCodeOf, failureOf, fatalEnd, noLegInTime, reasonOf } from './failures.ts';
import { Identity } from './identity.ts';
import { Inbox } from './inbox.ts';
import { Intruders } from './intruders.ts';
import { Legs } from './legs.ts';
import { LinkLeg, type LinkLegEvents } from './link-leg.ts';
import type { LinkEvents, LinkOptions, LinkStats } from './options.ts';
import { Pace } from './pace.ts';
import { Pings } from './pings.ts';
import { Receipts } from './receipts.ts';
import { ReplayQueue } from './replay.ts';
import { Sender } from './sender.ts';
import { type LinkEvent, type LinkState, transition } from './state.ts';
import { statsOf } from './stats.ts';

/** One end of a session, below its channels. */
export class Link extends EventEmitter<LinkEvents> implements LinkPort {
  #state: LinkState = { name: 'new' };
  #epoch = 0;
  #legsProven = 0;
  #isEnding = false;
  /** The peer has answered our clean end. */
  #isConfirmed = false;
  #isScheduled = false;
  /** The resume time, or the linger time. */
  #cancelTimer: Cancel | undefined;
  readonly #options: LinkOptions;
  readonly #nextTurn: (action: () => void) => void;
  readonly #identity: Identity;
  readonly #legs = new Legs();
  readonly #replay = new ReplayQueue();
  readonly #intruders: Intruders;
  readonly #pace: Pace;
  readonly #pings: Pings;
  readonly #receipts: Receipts;
  readonly #sender: Sender;
  readonly #inbox: Inbox;

  constructor(options: LinkOptions) {
    super();
    const { clock, random, user, maxWindowBytes = MAX_REPLAY_WINDOW_BYTES } = options;
    this.#options = options;
    this.#nextTurn = options.nextTurn ?? setImmediate;
    this.#identity = new Identity(options);
    this.#intruders = new Intruders(clock);
    this.#pace = new Pace(clock, maxWindowBytes);
    this.#pings = new Pings(clock, random, this.#legs);
    this.#receipts = new Receipts(clock, this.#legs);
    this.#sender = new Sender(user, this.#replay, this.#pace);
    const parts = { user, identity: this.#identity, legs: this.#legs, receipts: this.#receipts, pings: this.#pings };
    this.#inbox = new Inbox(parts, {
      introduced: ({ maxFramesBytes }) => (this.#sender.maxFramesBytes = maxFramesBytes),
      proven: (leg, received) => this.#proven(leg, received),
      acknowledged: (received) => this.#advance(() => this.#replay.acknowledge(received)),
      drain: (afterMs) => this.emit('drain', afterMs),
      failed: (failure) => this.#close(failure, 'told'),
    });
  }

  /** Where the link stands. */
  get state(): LinkState['name'] {
    return this.#state.name;
  }

  /** The figures of now. */
  stats(): LinkStats {
    return statsOf(this.#replay, this.#receipts, this.#pace, this.#legsProven);
  }

  /**
   * Takes over a leg that was just established, paused as it is: the first, one after a loss, or the successor of one that still carries.
   * The first may carry frames at once, each later one when the peer has proven itself on it. The link closes what comes to nothing.
   */
  attach(leg: Leg): void {
    if (this.#state.name === 'closed') return leg.close(CLOSE_SESSION_FAILED, 'ENDED');
    // A leg that stands is worth protecting; without one, whoever may be the peer is let in.
    if (this.#legs.carrier && this.#intruders.areTooMany) return leg.close(CLOSE_REVOKED, 'PROOF');
    this.#epoch += 1;
    const own = new LinkLeg(leg, this.#epoch, this.#identity.hello(this.#epoch), this.#replay.acked, this.#legEvents);
    const crowdedOut = this.#legs.add(own);
    if (crowdedOut) this.#refuse(crowdedOut, 'PROOF', `${MAX_UNPROVEN_LEGS} newer legs wait for their proof`);
    own.start(this.#options.clock);
    if (this.#epoch > 1) return;
    this.#legs.carrier = own;
    this.#move({ type: 'carried' });
    this.#schedule();
  }

  wake(quiet?: 'quiet'): void {
    if (quiet) this.#pace.quiet();
    this.#schedule();
  }

  /** Asks the peer to see to a new leg within `afterMs`, the present one being about to go. */
  drain(afterMs: number): void {
    const signal = (): boolean => this.#legs.signal(encodeDrain(afterMs));
    // On the first leg the peer may still have to prove itself.
    if (!signal() && this.#legs.carrier && this.#legsProven === 0) this.once('up', signal);
  }

  /** The round trip through both legs, in milliseconds; `undefined` if there is no leg, or it goes before the answer comes. */
  ping(): Promise<number | undefined> {
    return this.#pings.send();
  }

  /** Own END was composed, and the peer's was received: the session ends cleanly as soon as all is acknowledged. */
  end(): void {
    this.#isEnding = true;
    this.#schedule();
  }

  /** Ends the session for good, unless it has ended. The peer is told, if a leg is left that takes it there. */
  fail(code: FailCode, text: string): void {
    this.#close(new SessionFailure(code, text), 'tell');
  }

  /** Ends the session for good by the close of its leg, which tells the hub too; false where none stands. */
  abort(reason: string): boolean {
    if (this.#legs.carrier === undefined || this.#state.name !== 'open') return false;
    this.#close(new SessionFailure('ENDED', reason, CLOSE_ABORTED), 'told');
    return true;
  }

  /** After a clean end: forgets the session now, instead of waiting for a peer that was not told. */
  release(): void {
    if (this.#move({ type: 'released' })) this.#released();
  }

  readonly #legEvents: LinkLegEvents = {
    message: (leg, message) => {
      try {
        this.#inbox.take(leg, message);
      } catch (error) {
        this.#broken(leg, failureOf(error));
      }
    },
    lost: (leg, end) => {
      const failure = this.#inbox.isTrusted(leg) && this.#state.name !== 'lingering' ? fatalEnd(end) : undefined;
      if (failure) return this.#close(failure, 'told');
      if (leg.greeting.name === 'proof') this.#intruders.add();
      this.#lost(leg, end);
    },
    flushed: () => this.#schedule(),
  };

  /** The rules were broken. A leg that is not proven cannot hurt a session that knows its peer. */
  #broken(leg: LinkLeg, failure: SessionFailure): void {
    if (this.#inbox.isTrusted(leg)) this.#close(failure, 'tell');
    this.#refuse(leg, failure.code, failure.message);
  }

  /** Ends one leg; whoever else is attached goes on. */
  #refuse(leg: LinkLeg, code: FailCode, reason: string): void {
    this.#intruders.add();
    leg.close(CLOSE_REVOKED, code);
    this.#lost(leg, { code: CLOSE_REVOKED, reason, violation: true });
  }

  #lost(leg: LinkLeg, end: LegEnd): void {
    if (leg === this.#legs.carrier) this.#pings.lost();
    this.#legs.drop(leg);
    if (this.#state.name === 'lingering' && leg.greeting.name === 'up') this.#isConfirmed ||= end.code === CLOSE_CLEAN;
    if (this.#legs.carrier || this.#legs.isMeeting) return;
    if (this.#isConfirmed && this.#options.role === 'service') return this.release();
    this.#suspend(end);
    this.#want(end);
  }

  #suspend(cause: LegEnd): void {
    if (!this.#move({ type: 'lost', cause })) return;
    const timeoutMs = this.#identity.resumeTimeoutMs;
    const giveUp = (): void => this.#close(noLegInTime(cause, timeoutMs), 'tell');
    if (timeoutMs === 0) return giveUp();
    this.#cancelTimer = this.#options.clock.after(timeoutMs, giveUp);
    this.emit('suspended', cause);
  }

  #want(cause: LegEnd): void {
    if (this.#state.name === 'suspended' || (this.#state.name === 'lingering' && !this.#isConfirmed)) this.emit('wanted', cause);
  }

  #proven(leg: LinkLeg, received: number): void {
    const isNew = this.#legs.carrier !== leg;
    if (isNew && received >= leg.ackedBefore && received < this.#replay.acked) return this.#late(leg);
    this.#intruders.forget();
    this.#legs.won(leg);
    this.#advance(() => (isNew ? this.#replay.resume(received) : this.#replay.acknowledge(received)));
    if (this.#state.name === 'lingering') return this.#leave();
    if (isNew) {
      this.#pace.restart(received);
      this.#pings.lost();
    }
    if (this.#receipts.isBehind) this.#receipts.acknowledge();
    this.#legsProven += 1;
    const wasSuspended = this.#move({ type: 'carried' });
    if (wasSuspended) this.#cancelTimer?.();
    if (this.#legsProven === 1) this.emit('up');
    if (wasSuspended) this.emit('resumed');
    else if (this.#legsProven > 1) this.emit('moved');
  }

  /** The PROOF has been overtaken by an ACK: the peer has given this leg up since, and goes on over another one. */
  #late(leg: LinkLeg): void {
    leg.close(CLOSE_REPLACED, 'SUPERSEDED');
    this.#lost(leg, { code: CLOSE_REPLACED, reason: 'SUPERSEDED', violation: false });
  }

  #advance(acknowledge: () => void): void {
    acknowledge();
    this.#pace.acked(this.#replay.acked);
    this.#finishIfDone();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#state.name === 'closed') return;
    this.#isScheduled = true;
    this.#nextTurn(this.#flush);
  }

  /** One function for all turns: it runs for every message. */
  readonly #flush = (): void => {
    this.#isScheduled = false;
    const { carrier } = this.#legs;
    if (carrier && this.#state.name === 'open') {
      // An end is not to wait for the patience of either side.
      if (this.#receipts.isDue || (this.#isEnding && this.#receipts.isBehind)) this.#receipts.acknowledge();
      try {
        this.#sender.flush(carrier);
      } catch (error) {
        this.#close(failureOf(error), 'tell');
      }
    }
    this.#finishIfDone();
  };

  #finishIfDone(): void {
    const before = this.#state;
    if (!this.#isEnding || this.#replay.bytes > 0 || !this.#move({ type: 'finished' })) return;
    if (this.#receipts.isBehind) this.#receipts.acknowledge();
    this.#receipts.end();
    this.#cancelTimer?.();
    // A period, which fires once, since that does not keep the process alive.
    this.#cancelTimer = this.#options.clock.every(SESSION_LINGER_MS, () => this.release());
    this.#leave();
    this.#emitClosed(undefined);
    if (before.name === 'suspended') this.#want(before.cause);
  }

  /** The device leaves first: its close tells the service that it has everything, too. */
  #leave(): void {
    if (this.#options.role === 'device') for (const leg of this.#legs.all) leg.finish();
  }

  #close(failure: SessionFailure, peer: 'tell' | 'told'): void {
    if (!this.#move({ type: 'failed' })) return;
    for (const leg of this.#legs.all) {
      if (peer === 'tell') leg.send(encodeFail(FAIL_CODES[failure.code], failure.message));
      leg.close(closeCodeOf(failure), reasonOf(failure));
    }
    this.#emitClosed(failure);
    this.#released();
  }

  #emitClosed(failure: SessionFailure | undefined): void {
    const { acked, bytes } = this.#replay;
    this.#pings.lost();
    this.emit('closed', { failure, bytesAcked: acked, bytesUnacked: bytes });
  }

  #released(): void {
    for (const leg of this.#legs.all) leg.close(CLOSE_SESSION_FAILED, 'ENDED');
    this.#cancelTimer?.();
    this.#receipts.end();
    this.emit('released');
    this.removeAllListeners();
  }

  /** True if the event has changed the state. */
  #move(event: LinkEvent): boolean {
    const before = this.#state;
    this.#state = transition(before, event);
    return this.#state !== before;
  }
}

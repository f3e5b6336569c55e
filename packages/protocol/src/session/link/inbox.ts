// What comes on the legs of a link, message by message: whether it may come now, and who is to know.
import type { LegMessage } from '../../leg/leg.ts';
import { decodeSessionMessage, encodePing, type SessionMessage } from '../../wire/session-messages.ts';
import { type LinkUser, SessionFailure } from '../seam.ts';
import { peerFailure, TextFailure } from './failures.ts';
import type { Identity, Peer } from './identity.ts';
import type { Legs } from './legs.ts';
import type { LinkLeg } from './link-leg.ts';
import type { Pings } from './pings.ts';
import type { Receipts } from './receipts.ts';

type Message<Kind extends SessionMessage['kind']> = Extract<SessionMessage, { kind: Kind }>;

/** What the inbox hands on. */
export interface InboxEvents {
  /** The peer's first HELLO. */
  introduced(peer: Peer): void;
  /** The peer has proven itself on `leg`, and has received so much. */
  proven(leg: LinkLeg, received: number): void;
  acknowledged(received: number): void;
  drain(afterMs: number): void;
  /** The peer has ended the session. */
  failed(failure: SessionFailure): void;
}

/** What the inbox shares with its link. */
export interface InboxParts {
  readonly user: LinkUser;
  readonly identity: Identity;
  readonly legs: Legs;
  readonly receipts: Receipts;
  readonly pings: Pings;
}

/** The receiving side of a link. */
export class Inbox {
  readonly #parts: InboxParts;
  readonly #events: InboxEvents;

  constructor(parts: InboxParts, events: InboxEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /** True where the peer has proven itself, or is the one whom the session has met here first. */
  isTrusted({ greeting }: LinkLeg): boolean {
    return greeting.name === 'up' || this.#parts.identity.peer === undefined || (greeting.name === 'proof' && greeting.introduces);
  }

  /** @throws SessionFailure, or `STREAMS_BAD_REQUEST`, for what must not come. */
  take(leg: LinkLeg, bytes: LegMessage): void {
    if (typeof bytes === 'string') throw new TextFailure();
    const message = decodeSessionMessage(bytes);
    if (message === undefined) return;
    switch (message.kind) {
      case 'hello':
        return this.#meet(leg, message, bytes);
      case 'proof':
        return this.#prove(leg, message);
      case 'frames':
        return this.#receive(leg, message);
      case 'fail':
        if (!this.isTrusted(leg)) throw new SessionFailure('PROOF', 'FAIL before PROOF');
        return this.#events.failed(peerFailure(message.code, message.text));
      default:
        if (leg.greeting.name !== 'up') throw new SessionFailure('PROTOCOL', `${message.kind.toUpperCase()} before PROOF`);
        return this.#takeSignal(leg, message);
    }
  }

  #takeSignal(leg: LinkLeg, message: Message<'ack' | 'ping' | 'pong' | 'drain'>): void {
    switch (message.kind) {
      case 'ack':
        return this.#events.acknowledged(message.received);
      case 'ping':
        // A peer that asks and does not read gets no answer: what waits for it stays bounded.
        if (leg.hasRoom) leg.send(encodePing('pong', message.token));
        return;
      case 'pong':
        return this.#parts.pings.answered(message.token);
      case 'drain':
        this.#events.drain(message.afterMs);
    }
  }

  #meet(leg: LinkLeg, { hello }: Message<'hello'>, bytes: Uint8Array): void {
    const { identity, legs, receipts, user } = this.#parts;
    if (leg.greeting.name !== 'hello') throw new SessionFailure('PROTOCOL', 'a second HELLO');
    const introduces = identity.meet(hello);
    const theirs = new Uint8Array(bytes);
    legs.met(leg);
    leg.greeting = { name: 'proof', theirs, introduces };
    leg.send(identity.prove(leg.hello, theirs, receipts.received));
    if (!introduces || identity.peer === undefined) return;
    this.#events.introduced(identity.peer);
    user.onPeer(identity.peer.limits);
  }

  #prove(leg: LinkLeg, proof: Message<'proof'>): void {
    const { greeting } = leg;
    if (greeting.name !== 'proof') throw new SessionFailure('PROTOCOL', greeting.name === 'up' ? 'a second PROOF' : 'PROOF before HELLO');
    if (!this.#parts.identity.verifies(leg.hello, greeting.theirs, proof)) throw new SessionFailure('PROOF', 'a wrong PROOF');
    leg.proven();
    this.#events.proven(leg, proof.received);
  }

  #receive({ greeting }: LinkLeg, { asks, offset, frames }: Message<'frames'>): void {
    const { receipts, user } = this.#parts;
    const mayBring = greeting.name === 'up' || (greeting.name === 'proof' && greeting.introduces);
    if (!mayBring) throw new SessionFailure('PROTOCOL', 'FRAMES before PROOF');
    if (offset !== receipts.received) {
      throw new SessionFailure('PROTOCOL', `frames.offset: expected ${receipts.received}, found ${offset}`);
    }
    if (frames.length > 0) user.receive(asBuffer(frames));
    receipts.took(frames.length, asks);
  }
}

/** The same bytes, not copied. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

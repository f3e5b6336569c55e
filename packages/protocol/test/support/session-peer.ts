// One link, and a peer that says what a test wants, message by message.
import { FakeClock, seededRandom } from '@streams/testkit';
import type { Leg, LegEnd, LegMessage } from '../../src/leg/leg.ts';
import { memoryLegPair } from '../../src/leg/memory-leg.ts';
import { Link } from '../../src/session/link/link.ts';
import type { LinkOptions, LinkOutcome } from '../../src/session/link/options.ts';
import { proofMac, type SessionKeys, sessionKey, sessionKeys } from '../../src/session/link/proof.ts';
import { decodeHello, encodeHello, type Hello, type SessionRole } from '../../src/wire/session-hello.ts';
import {
  decodeSessionMessage,
  encodeProof,
  FRAMES_HEADER_BYTES,
  markFrames,
  type SessionMessage,
} from '../../src/wire/session-messages.ts';
import { LIMITS, SESSION_ID, Tape } from './session-rig.ts';

/** What a message of {@link SessionMessage} is in a test: one line. */
function told(message: SessionMessage | undefined): string {
  switch (message?.kind) {
    case 'proof':
      return `proof ${message.received}`;
    case 'frames':
      return `frames ${message.offset}+${message.frames.length}${message.asks ? ' ask' : ''}`;
    case 'ack':
      return `ack ${message.received}`;
    case 'fail':
      return `fail ${message.code}`;
    case 'drain':
      return `drain ${message.afterMs}`;
    default:
      return message?.kind ?? 'ignored';
  }
}

/** A FRAMES message. */
export function framesMessage(offset: number, frames: Uint8Array, asks = false): Uint8Array {
  const message = new Uint8Array(FRAMES_HEADER_BYTES + frames.length);
  message.set(frames, FRAMES_HEADER_BYTES);
  markFrames(message, offset, asks);
  return message;
}

/** A HELLO of a device. */
export function helloOf(changes: Partial<Hello> = {}): Hello {
  return {
    minVersion: 1,
    maxVersion: 1,
    role: 'device',
    implicitChannel: false,
    capabilities: 0,
    epoch: 1,
    sessionId: SESSION_ID,
    nonce: new Uint8Array(16).fill(0xdd),
    publicKey: sessionKeys(new Uint8Array(32).fill(0xd0)).publicKey,
    initialWindowBytes: 65_536,
    maxMessageBytes: 131_072,
    maxChannels: 16,
    resumeSeconds: 60,
    extensions: [],
    ...changes,
  };
}

/** One leg of a device, by hand. */
export class HandLeg {
  /** All that the link has said on it. */
  readonly heard: Uint8Array[] = [];
  end: LegEnd | undefined;
  hello: Uint8Array = new Uint8Array(0);
  readonly leg: Leg;
  readonly #keys: SessionKeys;

  constructor(leg: Leg, keys: SessionKeys) {
    this.leg = leg;
    this.#keys = keys;
    leg.on('message', (message) => this.heard.push(message as Uint8Array));
    leg.on('close', (end) => (this.end = end));
    leg.resume();
  }

  /** The messages heard, a line each. */
  get lines(): string[] {
    return this.heard.map((message) => told(decodeSessionMessage(message)));
  }

  say(message: LegMessage): void {
    this.leg.send(message);
  }

  sayHello(changes: Partial<Hello> = {}): void {
    this.hello = encodeHello(helloOf({ publicKey: this.#keys.publicKey, ...changes }));
    this.say(this.hello);
  }

  /** PROOF; the link's HELLO must have come. */
  sayProof(received = 0): void {
    this.say(this.proof(received));
  }

  proof(received: number): Uint8Array {
    const [service = new Uint8Array(0)] = this.heard;
    const key = sessionKey(this.#keys, 'device', decodeHello(service).publicKey, SESSION_ID);
    return encodeProof(received, proofMac(key, 'device', received, { service, device: this.hello }));
  }
}

/** A service's link, and what has happened to it. */
export class LinkBench {
  readonly clock: FakeClock = new FakeClock(0);
  readonly tape: Tape;
  readonly link: Link;
  readonly events: string[] = [];
  outcome: LinkOutcome | undefined;
  /** The link's ends of all legs. */
  readonly legs: Leg[] = [];
  readonly #keys = sessionKeys(new Uint8Array(32).fill(0xd0));
  #epoch = 0;

  constructor(totalBytes = 0, options: Partial<LinkOptions> = {}) {
    this.tape = new Tape(totalBytes);
    const defaults = { role: 'service' as SessionRole, sessionId: SESSION_ID, limits: LIMITS, implicitChannel: false };
    this.link = new Link({ ...defaults, user: this.tape, clock: this.clock, random: seededRandom(3), ...options });
    for (const name of ['up', 'resumed', 'moved', 'released'] as const) this.link.on(name, () => this.events.push(name));
    this.link.on('suspended', ({ code }) => this.events.push(`suspended ${code}`));
    this.link.on('wanted', ({ code }) => this.events.push(`wanted ${code}`));
    this.link.on('drain', (afterMs) => this.events.push(`drain ${afterMs}`));
    this.link.on('closed', (outcome) => {
      this.outcome = outcome;
      this.events.push(`closed ${outcome.failure?.code ?? 'clean'}`);
    });
  }

  /** A new pair of legs; the link has said HELLO on it. `secret`: of somebody else. */
  async dial(secret?: number): Promise<HandLeg> {
    const [ours, theirs] = memoryLegPair(this.clock);
    const keys = secret === undefined ? this.#keys : sessionKeys(new Uint8Array(32).fill(secret));
    const hand = new HandLeg(theirs, keys);
    this.legs.push(ours);
    this.link.attach(ours);
    await this.turns();
    return hand;
  }

  /** A leg on which HELLO and PROOF went both ways. */
  async up(received = 0): Promise<HandLeg> {
    const hand = await this.dial();
    this.#epoch += 1;
    hand.sayHello({ epoch: this.#epoch });
    hand.sayProof(received);
    await this.turns();
    return hand;
  }

  async turns(count = 20): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
  }
}

// Two links and the hub between them, in memory: legs that can be cut, held up and watched message by message.
import { FakeClock, seededRandom } from '@streams/testkit';
import { expect } from 'vitest';
import type { Leg, LegEnd, LegMessage } from '../../src/leg/leg.ts';
import { memoryLegPair } from '../../src/leg/memory-leg.ts';
import { Link } from '../../src/session/link/link.ts';
import type { LinkOptions, LinkOutcome } from '../../src/session/link/options.ts';
import type { LinkUser, PeerLimits } from '../../src/session/seam.ts';
import { CLOSE_PEER_LOST, passedOn } from '../../src/wire/close-codes.ts';
import type { SessionRole } from '../../src/wire/session-hello.ts';

export const SESSION_ID: Uint8Array = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
export const LIMITS: PeerLimits = { initialWindowBytes: 131_072, maxChannels: 512 };
export const ROLES: readonly SessionRole[] = ['service', 'device'];

/** A length that is no multiple of anything, so that a shifted byte shows. */
const PERIOD = 65_521;
const pattern = seededRandom(7).bytes(PERIOD + 131_072);

/** The bytes of the sequence that every tape sends. */
export function patternBytes(from: number, count: number): Buffer {
  return pattern.subarray(from % PERIOD, (from % PERIOD) + count);
}

/** Sends a known sequence of bytes, and checks that the peer's arrives: each byte once, in order. */
export class Tape implements LinkUser {
  sent = 0;
  received = 0;
  peer: PeerLimits | undefined;
  /** The size of each message; whatever fits by default. */
  nextSize: () => number = () => Number.POSITIVE_INFINITY;
  onReceive: () => void = () => undefined;
  total: number;

  constructor(total = 0) {
    this.total = total;
  }

  compose(reservedBytes: number, maxFramesBytes: number): Buffer | undefined {
    const bytes = Math.min(maxFramesBytes, this.total - this.sent, this.nextSize());
    if (bytes <= 0) return undefined;
    const message = Buffer.allocUnsafe(reservedBytes + bytes);
    patternBytes(this.sent, bytes).copy(message, reservedBytes);
    this.sent += bytes;
    return message;
  }

  receive(frames: Buffer): void {
    if (!frames.equals(patternBytes(this.received, frames.length))) expect.unreachable(`wrong bytes from ${this.received} on`);
    this.received += frames.length;
    this.onReceive();
  }

  onPeer(limits: PeerLimits): void {
    expect(this.peer).toBeUndefined();
    this.peer = limits;
  }
}

/** What becomes of a message on its way through the hub. */
type Fate = 'pass' | 'drop' | 'cut' | 'cut-behind' | { readonly instead: readonly LegMessage[] };
export type Watch = (message: LegMessage, from: SessionRole) => Fate;

/** One pair of legs through the hub. */
export class Wire {
  readonly ends: Readonly<Record<SessionRole, Leg>>;
  watch: Watch;
  isCut = false;
  readonly #inner: Readonly<Record<SessionRole, Leg>>;

  constructor(clock: FakeClock, watch: Watch) {
    const [service, hubService] = memoryLegPair(clock);
    const [device, hubDevice] = memoryLegPair(clock);
    this.ends = { service, device };
    this.#inner = { service: hubService, device: hubDevice };
    this.watch = watch;
    for (const role of ROLES) {
      const other = role === 'service' ? 'device' : 'service';
      this.#inner[role].on('message', (message) => this.#relay(message, role, this.#inner[other]));
      this.#inner[role].on('close', (end) => this.#inner[other].close(passedOn(end), end.reason));
      this.#inner[role].resume();
    }
  }

  /** The device's network is gone; the service hears of it from the hub. What was on the way is lost. */
  cut(): void {
    if (this.isCut) return;
    this.isCut = true;
    this.#inner.device.terminate();
    this.#inner.service.close(CLOSE_PEER_LOST, '');
  }

  /** What `from` sends stays on the way until {@link Wire.goOn}. */
  hold(from: SessionRole): void {
    this.#inner[from].pause();
  }

  goOn(from: SessionRole): void {
    this.#inner[from].resume();
  }

  /** Both networks are gone. */
  cutBoth(): void {
    this.isCut = true;
    this.#inner.device.terminate();
    this.#inner.service.terminate();
  }

  #relay(message: LegMessage, from: SessionRole, to: Leg): void {
    if (this.isCut) return;
    const fate = this.watch(message, from);
    if (fate === 'drop') return;
    if (fate === 'cut') return this.cut();
    if (fate === 'pass' || fate === 'cut-behind') to.send(message);
    else for (const other of fate.instead) to.send(other);
    // The other end may still take what was sent to it, the one that sent it knows nothing.
    if (fate === 'cut-behind') setImmediate(() => setImmediate(() => this.cut()));
  }
}

/** How a rig differs from the default. */
export interface RigOptions {
  readonly bytes?: Partial<Readonly<Record<SessionRole, number>>>;
  readonly seed?: number;
  readonly redials?: boolean;
  readonly link?: Partial<LinkOptions>;
  readonly device?: Partial<LinkOptions>;
  readonly watch?: Watch;
}

/** A service, a device, and what happened to both. */
export class SessionRig {
  readonly clock: FakeClock = new FakeClock(0);
  readonly tapes: Readonly<Record<SessionRole, Tape>>;
  readonly links: Readonly<Record<SessionRole, Link>>;
  readonly events: Readonly<Record<SessionRole, string[]>> = { service: [], device: [] };
  readonly outcomes: Partial<Record<SessionRole, LinkOutcome>> = {};
  /** The highest that was retained at either end. */
  peakRetainedBytes = 0;
  wires: Wire[] = [];
  watch: Watch;
  redials: boolean;

  constructor({ bytes = {}, seed = 1, redials = true, link = {}, device = {}, watch = () => 'pass' }: RigOptions = {}) {
    this.watch = watch;
    this.redials = redials;
    this.tapes = { service: new Tape(bytes.service), device: new Tape(bytes.device) };
    const make = (role: SessionRole, extra: Partial<LinkOptions>): Link =>
      new Link({
        role,
        sessionId: SESSION_ID,
        user: this.tapes[role],
        clock: this.clock,
        random: seededRandom(seed * 2 + ROLES.indexOf(role)),
        limits: LIMITS,
        implicitChannel: false,
        ...link,
        ...extra,
      });
    this.links = { service: make('service', {}), device: make('device', device) };
    for (const role of ROLES) this.#observe(role);
  }

  /** A new pair of legs for both, as after a stream request. */
  connect(roles: readonly SessionRole[] = ROLES): Wire {
    const wire = new Wire(this.clock, (message, from) => this.watch(message, from));
    this.wires.push(wire);
    for (const role of roles) this.links[role].attach(wire.ends[role]);
    return wire;
  }

  /** The wire that was connected last. */
  get wire(): Wire {
    return this.wires.at(-1) as Wire;
  }

  /** Everything arrived, both ways. */
  get isDone(): boolean {
    const { service, device } = this.tapes;
    return service.received === device.total && device.received === service.total;
  }

  /** Gives both ends turns until `condition`, and time where turns do not help. */
  async until(condition: () => boolean, maxTurns = 40_000): Promise<void> {
    for (let turn = 1; !condition(); turn += 1) {
      if (turn > maxTurns)
        throw new Error(`nothing more happens: ${JSON.stringify([this.links.service.stats(), this.links.device.stats(), this.events])}`);
      await new Promise(setImmediate);
      if (turn % 64 === 0) await this.clock.advance(100);
    }
  }

  /** Until everything has arrived; then both ends, cleanly. */
  async finish(): Promise<void> {
    const { service, device } = this.links;
    const endWhenDone = (): void => {
      for (const role of ROLES) {
        const other = role === 'service' ? 'device' : 'service';
        const tape = this.tapes[role];
        if (tape.sent === tape.total && tape.received === this.tapes[other].total) this.links[role].end();
      }
    };
    for (const role of ROLES) this.tapes[role].onReceive = endWhenDone;
    await this.until(() => {
      endWhenDone();
      return this.outcomes.service !== undefined && this.outcomes.device !== undefined;
    });
    expect([this.isDone, this.outcomes.service?.failure, this.outcomes.device?.failure]).toEqual([true, undefined, undefined]);
    service.release();
    device.release();
    // What was held goes on, and legs that were closed under our hands take a second to go.
    await this.clock.advance(2_000);
    expect(this.clock.pendingTimers).toBe(0);
  }

  async turns(count = 50): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
  }

  #observe(role: SessionRole): void {
    const link = this.links[role];
    const note = (event: string): number => this.events[role].push(event);
    link.on('up', () => note('up'));
    link.on('suspended', (cause: LegEnd) => note(`suspended ${cause.code}`));
    link.on('resumed', () => note('resumed'));
    link.on('moved', () => note('moved'));
    link.on('drain', (afterMs) => note(`drain ${afterMs}`));
    // Only the service can dial; the device waits for its request.
    if (role === 'service') link.on('wanted', () => this.redials && setImmediate(() => void this.connect()));
    link.on('closed', (outcome) => {
      this.outcomes[role] = outcome;
      note(`closed ${outcome.failure?.code ?? 'clean'}`);
    });
    link.on('released', () => note('released'));
    const tape = this.tapes[role];
    const compose = tape.compose.bind(tape);
    tape.compose = (reserved, max) => {
      const message = compose(reserved, max);
      this.peakRetainedBytes = Math.max(this.peakRetainedBytes, link.stats().retainedBytes + (message?.length ?? reserved) - reserved);
      return message;
    };
  }
}

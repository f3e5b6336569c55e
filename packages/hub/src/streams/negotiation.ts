// One handshake while it runs: the state machine, its one clock, and what each state has to set off.
import {
  type Cancel,
  type Clock,
  createError,
  type Deferred,
  deferred,
  type OpenStreamAnswer,
  type OpenStreamBody,
  StreamsError,
  type WireCode,
} from '@streams/protocol/internal';
import type { Policy } from '../auth/policies.ts';
import type { DeviceSession, OfferAnswer } from '../control/session.ts';
import type { PendingUpgrade } from '../http/pending-upgrade.ts';
import { type HandshakeEvent, type HandshakeState, isOver, phaseOf, type Role, transition } from './handshake.ts';
import { type LegPair, Rendezvous } from './rendezvous.ts';
import { type IssuedToken, isToken } from './token.ts';

/** What a service asks for. */
export interface StreamRequest extends OpenStreamBody {
  readonly deviceId: string;
  /** Who asks, as it was when the request came. */
  readonly policy: Policy;
  /** The key of the policy that has signed; undefined: the service came with a JSON Web Token. */
  readonly keyId: string | undefined;
  /** The IP address that asked. */
  readonly address: string;
  readonly trackingId: string;
  readonly traceparent?: string | undefined;
}

/** What the hub made for a handshake. */
export interface Tickets {
  readonly streamId: string;
  readonly tokens: Readonly<Record<Role, IssuedToken>>;
  readonly urls: Readonly<Record<Role, string>>;
}

/** Told what becomes of it. */
export interface NegotiationEvents {
  established(legs: LegPair, protocol: string): void;
  /** Once, whatever the outcome. @param failure Undefined where a stream was established. */
  settled(negotiation: Negotiation, failure: StreamsError | undefined): void;
}

/** Runs one handshake to its outcome, and leaves nothing behind. */
export class Negotiation {
  readonly request: StreamRequest;
  readonly streamId: string;
  /** When each state was reached, in milliseconds from the start. */
  readonly stepsMs: Record<string, number> = {};
  state: HandshakeState = { name: 'requested' };
  /** The keys of the device that stand behind its acceptance; absent before that. */
  deviceKeyIds: ReadonlySet<string> | undefined;
  readonly #clock: Clock;
  readonly #tickets: Tickets;
  readonly #events: NegotiationEvents;
  readonly #startMs: number;
  readonly #deadline: Cancel;
  readonly #rendezvous = new Rendezvous();
  readonly #answer: Deferred<OpenStreamAnswer> = deferred();
  readonly #withdrawal = new AbortController();
  #capabilities: readonly string[] = [];
  #legs: LegPair | undefined;

  constructor(request: StreamRequest, tickets: Tickets, clock: Clock, events: NegotiationEvents) {
    this.request = request;
    this.streamId = tickets.streamId;
    this.#tickets = tickets;
    this.#clock = clock;
    this.#events = events;
    this.#startMs = clock.monotonicMs();
    this.#deadline = clock.after(request.timeoutMs, () => this.apply({ type: 'time-out' }));
    // Who asked may be gone before the outcome.
    this.#answer.promise.catch(() => undefined);
  }

  get elapsedMs(): number {
    return Math.round(this.#clock.monotonicMs() - this.#startMs);
  }

  /** Asks the device, and resolves with its acceptance. */
  start(session: DeviceSession): Promise<OpenStreamAnswer> {
    const { streamId, tokens, urls } = this.#tickets;
    const { name, headers, protocols, capabilities, policy, timeoutMs, resumes, traceparent } = this.request;
    const offer = { streamId, name, headers, protocols, capabilities, requester: { policy: policy.name }, timeoutMs, resumes, traceparent };
    this.apply({ type: 'offer' });
    session.offer({ ...offer, url: urls.device, token: tokens.device.token }, { signal: this.#withdrawal.signal }).then(
      (answer) => this.#onAnswer(answer),
      (error) => this.apply({ type: 'fail', code: StreamsError.is(error) ? error.wireCode : 'INTERNAL' }),
    );
    return this.#answer.promise;
  }

  /** The stream protocols that a leg may offer. */
  get protocols(): readonly string[] {
    return 'protocol' in this.state ? [this.state.protocol] : this.request.protocols;
  }

  /** True for the one token of this role while it is unspent. */
  admits(role: Role, token: string): boolean {
    const genuine = isToken(token, this.#tickets.tokens[role].hash);
    return genuine && !isOver(this.state) && !this.#rendezvous.has(role);
  }

  /** Spends the token of a role. */
  hold(role: Role, upgrade: PendingUpgrade, offered: readonly string[]): void {
    this.#rendezvous.hold(role, upgrade, offered, () => this.apply({ type: 'leg-left' }));
    this.#stamp(`${role}-leg`);
    if (this.state.name === 'pairing') {
      this.#legs = this.#rendezvous.join(this.state.protocol);
      // A socket can die before its `close` is told.
      if (this.#legs === undefined) return this.apply({ type: 'leg-left' });
    }
    this.apply({ type: 'leg-held', role });
  }

  /** Moves the state machine, and sets off what the new state asks for. */
  apply(event: HandshakeEvent): void {
    const before = this.state;
    const next = transition(before, event);
    if (next === before) return;
    this.state = next;
    if (next.name === 'accepted' || next.name === 'pairing') this.#onAccepted(before);
    else if (next.name === 'established') this.#onEstablished(next.protocol);
    else if (isOver(next) && next.name !== 'ended') this.#onFailed(before);
  }

  #onAnswer(answer: OfferAnswer): void {
    this.#stamp('answer');
    if (!answer.accepted) return this.apply({ type: 'decline', code: answer.code, reason: answer.reason });
    const { protocol, capabilities, keyIds } = answer;
    if (!this.request.protocols.includes(protocol) || !this.#rendezvous.permits(protocol)) {
      return this.apply({ type: 'fail', code: 'BAD_DEVICE_ANSWER' });
    }
    this.#capabilities = capabilities;
    this.deviceKeyIds = keyIds;
    this.apply({ type: 'accept', protocol });
  }

  #onAccepted(before: HandshakeState): void {
    if (before.name !== 'offered') return;
    const { streamId, tokens, urls } = this.#tickets;
    const expiresInMs = Math.max(0, this.request.timeoutMs - this.elapsedMs);
    const protocol = this.protocols[0] ?? '';
    this.#answer.resolve({
      streamId,
      protocol,
      capabilities: this.#capabilities,
      url: urls.service,
      token: tokens.service.token,
      expiresInMs,
    });
  }

  #onEstablished(protocol: string): void {
    this.#deadline();
    this.#stamp('established');
    if (this.#legs) this.#events.established(this.#legs, protocol);
    this.#events.settled(this, undefined);
  }

  #onFailed(before: HandshakeState): void {
    this.#deadline();
    const error = this.#errorOf(phaseOf(before));
    this.#answer.reject(error);
    this.#rendezvous.refuse(error);
    this.#withdrawal.abort(error.wireCode);
    this.#events.settled(this, error);
  }

  #errorOf(phase: string): StreamsError {
    const { state } = this;
    const { trackingId, timeoutMs } = this.request;
    if (state.name === 'timed-out') return createError('HANDSHAKE_TIMEOUT', { trackingId, details: { phase: state.phase, timeoutMs } });
    if (state.name === 'rejected') return createError(state.code, { trackingId, details: { reason: state.reason } });
    const code: WireCode = state.name === 'failed' ? state.code : 'STREAM_GONE';
    return createError(code, { trackingId, details: { phase } });
  }

  #stamp(step: string): void {
    this.stepsMs[step] = this.elapsedMs;
  }
}

// What a hub takes on: streams at once and new ones per second, of the hub, a policy, and a device, and what waits for receivers; then
// what a running stream may do.
import { type Cancel, type Clock, createError, type Random, type StreamsError } from '@streams/protocol/internal';
import type { LimitsInForce } from '../config/limits-in-force.ts';
import type { HubObserver } from '../diagnostics/observer.ts';
import { Lifetimes } from './lifetimes.ts';
import type { StreamRequest } from './negotiation.ts';
import { Parties, type PartyKind } from './parties.ts';
import { QueuedBytes } from './queued-bytes.ts';
import { Pacer } from './rate-limit.ts';
import type { Relay, RelayReport } from './relay.ts';
import type { LegPair } from './rendezvous.ts';

/** What limits are kept with. */
export interface StreamLimitsContext {
  readonly limits: LimitsInForce;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: HubObserver;
}

const KINDS: readonly PartyKind[] = [
  { max: 'maxStreams', rate: 'newStreamsPerSecond', who: 'the hub' },
  { max: 'maxStreamsPerPolicy', rate: 'newStreamsPerSecondPerPolicy', who: 'the policy' },
  { max: 'maxStreamsPerDevice', rate: 'newStreamsPerSecondPerDevice', who: 'the device' },
];
/** Nobody knows when a stream will end. */
const PLACE_RETRY_MS = 1_000;
/** Who is refused is told to wait up to this much longer, so that not all come back at once. */
const RETRY_SPREAD_MS = 1_000;

/** What counts as one stream: of a session that moves, the leg that stands and the next one. */
interface Place {
  readonly deviceId: string;
  readonly policy: string;
  legs: number;
}

/** See the top of this file. */
export class StreamLimits {
  readonly #context: StreamLimitsContext;
  readonly #parties = KINDS.map((kind) => new Parties(kind));
  readonly #places = new Map<string, Place>();
  readonly #pacers = new Set<Pacer>();
  readonly #lifetimes: Lifetimes;
  readonly #queued: QueuedBytes;

  constructor(context: StreamLimitsContext) {
    this.#context = context;
    this.#queued = new QueuedBytes(context);
    this.#lifetimes = new Lifetimes(context);
    context.limits.onChange(() => {
      for (const pacer of this.#pacers) pacer.set(context.limits.current.bytesPerSecondPerStream);
    });
  }

  /**
   * Takes a place for a stream that is about to be asked for.
   * @returns gives it back, and is to be called once.
   * @throws `STREAMS_TOO_MANY_STREAMS`, `STREAMS_THROTTLED`, `STREAMS_OVERLOADED`, `STREAMS_STREAM_EXPIRED`; `details.limit` names the option.
   */
  admit({ deviceId, policy: { name: policy }, resumes }: StreamRequest, streamId: string): Cancel {
    const sessionId = resumes ?? streamId;
    if (resumes !== undefined && this.#lifetimes.isOver(sessionId)) throw this.#expired();
    const held = this.#places.get(sessionId);
    const place = held?.deviceId === deviceId && held.policy === policy && held.legs === 1 ? held : { deviceId, policy, legs: 0 };
    this.#check(place);
    const nowMs = this.#context.clock.monotonicMs();
    for (const [parties, key] of this.#of(place)) {
      parties.take(key, this.#context.limits.current, nowMs);
      if (place.legs === 0) parties.count(key, 1);
    }
    place.legs += 1;
    if (held === undefined) this.#places.set(sessionId, place);
    return () => this.#leave(place, sessionId);
  }

  /** A stream runs. @returns to be called with its end. */
  watch(relay: Relay, legs: LegPair, sessionId: string): (report: RelayReport) => void {
    const { clock, limits, observer } = this.#context;
    const ended = this.#lifetimes.watch(relay, sessionId);
    const stopCounting = this.#queued.watch(relay, legs);
    const pacers = (['device', 'service'] as const).map((role) => {
      const hold = (): void => {
        observer.limitReached('bytesPerSecondPerStream');
        relay.hold(role);
      };
      return new Pacer({ leg: legs[role], hold, release: () => relay.release(role) }, clock);
    });
    for (const pacer of pacers) {
      this.#pacers.add(pacer);
      pacer.set(limits.current.bytesPerSecondPerStream);
    }
    return (report) => {
      ended(report);
      stopCounting();
      for (const pacer of pacers) {
        this.#pacers.delete(pacer);
        pacer.stop();
      }
    };
  }

  /** One of its receivers has become slow. */
  stalled(): void {
    this.#queued.stalled();
  }

  /** Looks at everything before anything is taken. */
  #check(place: Place): void {
    const { clock, limits } = this.#context;
    const nowMs = clock.monotonicMs();
    if (place.legs === 0 && this.#queued.areHigh) throw this.#overloaded();
    for (const [parties, key] of this.#of(place)) {
      if (place.legs === 0 && parties.isFull(key, limits.current)) throw this.#tooMany(parties.kind);
      const waitMs = parties.waitMs(key, limits.current, nowMs);
      if (waitMs > 0) throw this.#throttled(parties.kind, waitMs);
    }
  }

  #of({ deviceId, policy }: Place): (readonly [Parties, string])[] {
    const keys = ['', policy, deviceId];
    return this.#parties.map((parties, index) => [parties, keys[index] ?? '']);
  }

  #leave(place: Place, sessionId: string): void {
    place.legs -= 1;
    if (place.legs > 0) return;
    for (const [parties, key] of this.#of(place)) parties.count(key, -1);
    if (this.#places.get(sessionId) === place) this.#places.delete(sessionId);
  }

  #tooMany({ max, who }: PartyKind): StreamsError {
    const most = this.#context.limits.current[max];
    return this.#refused('TOO_MANY_STREAMS', max, `${who} has ${most} streams, which is as many as it may have at once`, PLACE_RETRY_MS);
  }

  #throttled({ rate, who }: PartyKind, waitMs: number): StreamsError {
    const most = this.#context.limits.current[rate];
    return this.#refused('THROTTLED', rate, `${who} may open ${most} streams per second`, waitMs);
  }

  #overloaded(): StreamsError {
    const message = 'too much waits in the hub for receivers that are slow';
    return this.#refused('OVERLOADED', 'maxQueuedBytes', message, PLACE_RETRY_MS);
  }

  #expired(): StreamsError {
    this.#context.observer.limitReached('maxStreamLifeMs');
    return createError('STREAM_EXPIRED', { details: { limit: 'maxStreamLifeMs' } });
  }

  #refused(
    code: 'TOO_MANY_STREAMS' | 'THROTTLED' | 'OVERLOADED',
    limit: PartyKind['max' | 'rate'] | 'maxQueuedBytes',
    message: string,
    waitMs: number,
  ): StreamsError {
    const { limits, observer, random } = this.#context;
    observer.limitReached(limit);
    const retryAfterMs = Math.ceil(waitMs + RETRY_SPREAD_MS * random.uniform());
    return createError(code, { message, retryAfterMs, details: { limit, max: limits.current[limit] } });
  }
}

// Brings services and devices together: runs handshakes, keeps established streams, and ends either (design section 4).
import {
  type Cancel,
  type Clock,
  CLOSE_ABORTED,
  CLOSE_REVOKED,
  createError,
  framingOf,
  newId,
  onAbort,
  type OpenStreamAnswer,
  type Random,
  SESSION_PROTOCOL,
  type StreamsError,
  type WireCode,
} from '@streams/protocol/internal';
import { forbidden } from '../auth/authorize.ts';
import { permits } from '../auth/policies.ts';
import type { Router } from '../control/router.ts';
import { REVOKED_REASON } from '../control/session.ts';
import type { Registry } from '../devices/registry.ts';
import { drainRetryMs } from '../drain.ts';
import type { HubObserver } from '../diagnostics/observer.ts';
import type { PendingUpgrade } from '../http/pending-upgrade.ts';
import { DeviceIndex } from './device-index.ts';
import type { Role } from './handshake.ts';
import type { StreamLimits } from './limits.ts';
import { Negotiation, type StreamRequest, type Tickets } from './negotiation.ts';
import { Relay, type RelayedBytes, type RelayReport } from './relay.ts';
import type { LegPair } from './rendezvous.ts';
import type { StreamLog } from './stream-log.ts';
import { issueToken } from './token.ts';
import { type HandshakeTrace, traceRequest } from './traced-handshake.ts';

/** What the broker works with. */
export interface BrokerContext {
  readonly router: Router;
  readonly registry: Registry;
  readonly log: StreamLog;
  readonly observer: HubObserver;
  readonly limits: StreamLimits;
  readonly clock: Clock;
  readonly random: Random;
  /** `wss://host[:port]` of the streaming endpoint. */
  readonly streamingUrl: () => string;
  /** Called after a device was asked. */
  readonly onHandshake: (negotiation: Negotiation) => void;
  /** Called after a stream was established. */
  readonly onStream: (deviceId: string) => void;
}

/** The place in a handshake that a stream token opens. */
export interface Seat {
  /** What the leg may offer as subprotocol. */
  readonly protocols: readonly string[];
  /** Spends the token. */
  take(upgrade: PendingUpgrade, offered: readonly string[]): void;
}

/** An established stream. */
export interface LiveStream {
  readonly negotiation: Negotiation;
  readonly relay: Relay;
  readonly protocol: string;
  /** Wall time of its establishment. */
  readonly sinceMs: number;
  /** Its place in the order of establishment. */
  readonly ordinal: number;
}

/** What runs. */
export interface Load {
  /** Handshakes, and streams that end with their legs. */
  readonly mortal: number;
  /** Streams that survive their legs. */
  readonly sessions: number;
  /** What these have carried so far, all together. */
  readonly sessionBytes: number;
}

/** All handshakes and streams of this hub process. */
export class Broker {
  readonly #context: BrokerContext;
  readonly #negotiations = new Map<string, Negotiation>();
  readonly #streams = new Map<string, LiveStream>();
  readonly #byDevice = new DeviceIndex<Negotiation>();
  /** What streams that have ended have carried. */
  readonly #carried = { toDevice: 0, toService: 0 };
  #established = 0;
  #draining = false;

  constructor(context: BrokerContext) {
    this.#context = context;
  }

  /** Handshakes and streams that have not ended. */
  get size(): number {
    return this.#negotiations.size + this.#streams.size;
  }

  /** Devices of handshakes and streams that have not ended. */
  get devices(): ReadonlySet<string> {
    return this.#byDevice.devices;
  }

  get handshakes(): number {
    return this.#negotiations.size;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Payload since the start, that of running streams included. */
  get bytes(): RelayedBytes {
    const sum = { ...this.#carried };
    for (const { relay } of this.#streams.values()) {
      sum.toDevice += relay.bytes.toDevice;
      sum.toService += relay.bytes.toService;
    }
    return sum;
  }

  get load(): Load {
    const sessions = [...this.#streams.values()].filter(({ protocol }) => protocol === SESSION_PROTOCOL);
    const sessionBytes = sessions.reduce((sum, { relay }) => sum + relay.bytes.toDevice + relay.bytes.toService, 0);
    return { mortal: this.size - sessions.length, sessions: sessions.length, sessionBytes };
  }

  /** The established streams, in the order of their establishment. */
  get live(): Iterable<LiveStream> {
    return this.#streams.values();
  }

  /**
   * Asks a device for a stream; resolves with its acceptance.
   * @param signal Fires if the service goes away before the answer.
   * @throws what `POST /v1/devices/{id}/streams` answers.
   */
  open(request: StreamRequest, signal: AbortSignal): Promise<OpenStreamAnswer> {
    return traceRequest(request, (traced, trace) => this.#open(traced, signal, trace));
  }

  async #open(request: StreamRequest, signal: AbortSignal, trace: HandshakeTrace): Promise<OpenStreamAnswer> {
    const target = { deviceId: request.deviceId, streamName: request.name };
    // Before anything is looked up: what is forbidden is not even said to exist.
    if (!permits(request.policy, 'stream:create', target)) throw this.#refused(request, forbidden(request.policy, 'stream:create', target));
    const device = await this.#context.registry.get(request.deviceId).catch((error: unknown) => {
      this.#context.log.refused(request, 'INTERNAL');
      throw error;
    });
    const session = await this.#context.router.find(request.deviceId);
    // Before the others: a device that is not here any more may be where the next attempt leads.
    if (this.#draining) throw this.#refused(request, createError('DRAINING', { retryAfterMs: drainRetryMs(this.#context.random) }));
    if (device === undefined) throw this.#refused(request, createError('DEVICE_NOT_FOUND'));
    if (session === undefined) throw this.#refused(request, createError('DEVICE_NOT_CONNECTED'));
    const tickets = this.#issue();
    const giveBack = this.#admit(request, tickets.streamId);
    const leave = (): void => {
      giveBack();
      this.#byDevice.delete(request.deviceId, negotiation);
    };
    const negotiation = new Negotiation(request, tickets, this.#context.clock, {
      established: (legs, protocol) => this.#relay(negotiation, legs, protocol, leave),
      settled: (settled, failure) => {
        this.#onSettled(settled, leave);
        trace.settled(failure);
      },
    });
    this.#negotiations.set(tickets.streamId, negotiation);
    this.#byDevice.add(request.deviceId, negotiation);
    trace.asked(tickets.streamId);
    const answer = negotiation.start(session);
    this.#context.onHandshake(negotiation);
    const forget = onAbort(signal, () => negotiation.apply({ type: 'cancel' }));
    return answer.finally(forget);
  }

  /** The seat of a stream token; `undefined` for every token that is not held. */
  findSeat(streamId: string, role: Role, token: string): Seat | undefined {
    const negotiation = this.#negotiations.get(streamId);
    if (!negotiation?.admits(role, token)) return undefined;
    return { protocols: negotiation.protocols, take: (upgrade, offered) => negotiation.hold(role, upgrade, offered) };
  }

  /** Ends a handshake or stream of this policy; false if there is none. */
  end(streamId: string, policy: string): boolean {
    const negotiation = this.#negotiations.get(streamId);
    const stream = this.#streams.get(streamId);
    if ((negotiation ?? stream?.negotiation)?.request.policy.name !== policy) return false;
    negotiation?.apply({ type: 'cancel' });
    stream?.relay.close(CLOSE_ABORTED, 'ended by the service');
    return true;
  }

  /** The device has lost its leg, or got none: ends its stream or handshake as the hub would, once it finds out. */
  lose(streamId: string, deviceId: string): void {
    const stream = this.#streams.get(streamId);
    const negotiation = stream?.negotiation ?? this.#negotiations.get(streamId);
    if (negotiation?.request.deviceId !== deviceId) return;
    if (stream) stream.relay.cut('device');
    else negotiation.apply({ type: 'fail', code: 'STREAM_GONE' });
  }

  /**
   * Ends the handshakes and streams that have lost what they stood on.
   * @param code What whoever waits for a handshake is told.
   * @param deviceId Looks at those of this device alone: there may be changes of many devices, and streams of many.
   */
  revoke(isRevoked: (negotiation: Negotiation) => boolean, code: WireCode, deviceId?: string): void {
    for (const negotiation of deviceId === undefined ? this.#byDevice.all() : this.#byDevice.of(deviceId)) {
      if (!isRevoked(negotiation)) continue;
      const stream = this.#streams.get(negotiation.streamId);
      if (stream) stream.relay.close(CLOSE_REVOKED, REVOKED_REASON);
      else negotiation.apply({ type: 'fail', code });
    }
  }

  /** Takes no new streams. */
  drain(): void {
    this.#draining = true;
  }

  /** Takes no new streams and ends all that run. */
  close(closeCode: number, reason: string): void {
    this.drain();
    for (const negotiation of this.#negotiations.values()) negotiation.apply({ type: 'fail', code: 'DRAINING' });
    for (const { relay } of this.#streams.values()) relay.close(closeCode, reason);
  }

  #admit(request: StreamRequest, streamId: string): Cancel {
    try {
      return this.#context.limits.admit(request, streamId);
    } catch (error) {
      throw this.#refused(request, error as StreamsError);
    }
  }

  #issue(): Tickets {
    const { random, streamingUrl } = this.#context;
    const streamId = newId(random);
    const url = `${streamingUrl()}/v1/streams/${streamId}`;
    return {
      streamId,
      tokens: { device: issueToken(random), service: issueToken(random) },
      urls: { device: `${url}/device`, service: `${url}/service` },
    };
  }

  #relay(negotiation: Negotiation, legs: LegPair, protocol: string, leave: Cancel): void {
    const { streamId, request } = negotiation;
    const startMs = this.#context.clock.monotonicMs();
    const ended = (report: RelayReport): void => {
      negotiation.apply({ type: 'end' });
      this.#streams.delete(streamId);
      leave();
      unwatch(report);
      this.#carried.toDevice += report.bytesToDevice;
      this.#carried.toService += report.bytesToService;
      const durationMs = Math.round(this.#context.clock.monotonicMs() - startMs);
      this.#context.log.ended(negotiation, report, durationMs);
    };
    const { observer, limits, clock } = this.#context;
    const stalled = (to: Role): void => {
      observer.relayStalled(to);
      limits.stalled();
    };
    const relay = new Relay(legs, framingOf(protocol), { stalled, ended }, clock);
    const unwatch = limits.watch(relay, legs, request.resumes ?? streamId);
    this.#established += 1;
    this.#streams.set(streamId, { negotiation, relay, protocol, sinceMs: this.#context.clock.wallMs(), ordinal: this.#established });
    this.#context.onStream(request.deviceId);
  }

  #onSettled(negotiation: Negotiation, leave: Cancel): void {
    this.#negotiations.delete(negotiation.streamId);
    if (negotiation.state.name !== 'established') leave();
    this.#context.log.settled(negotiation);
  }

  #refused(request: StreamRequest, error: StreamsError): StreamsError {
    this.#context.log.refused(request, error.wireCode);
    return error;
  }
}

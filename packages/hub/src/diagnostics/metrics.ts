// The hub's metrics for Prometheus, in a registry of its own. docs/observability.md explains each; every label has a fixed few values.
import {
  CLOSE_CLEAN,
  CLOSE_LOST,
  CLOSE_NO_CODE,
  CLOSE_REPLACED,
  CLOSE_RESTART,
  CLOSE_REVOKED,
  type Clock,
  type LegEnd,
  VERSION,
} from '@streams/protocol/internal';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { LIMIT_LABELS } from '../config/limits.ts';
import type { Role } from '../streams/handshake.ts';
import type { EventLoopLag } from './event-loop-lag.ts';
import type { HubLevels } from './levels.ts';
import type { HandshakeOutcome, HubObserver, RefusedCredential, StreamEnd } from './observer.ts';
import { addProcessMetrics, gaugeOf } from './process-metrics.ts';

const PREFIX = 'streams_hub_';
const MS_PER_S = 1_000;
/** In seconds: from a device beside the hub to the longest handshake there is. */
const HANDSHAKE_BUCKETS: number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Why a control link ended, by close code. */
const LINK_ENDS: Readonly<Record<number, string>> = {
  [CLOSE_CLEAN]: 'clean',
  [CLOSE_NO_CODE]: 'clean',
  [CLOSE_LOST]: 'lost',
  [CLOSE_REVOKED]: 'revoked',
  [CLOSE_RESTART]: 'restart',
  [CLOSE_REPLACED]: 'replaced',
};

/** All causes: a new one does not compile before it stands here. */
const REFUSED: Readonly<Record<RefusedCredential, 0>> = {
  missing: 0,
  malformed: 0,
  expired: 0,
  unknown: 0,
  'wrong-signature': 0,
  'wrong-resource': 0,
  disabled: 0,
  'policy-expired': 0,
  'not-yet-valid': 0,
  'wrong-algorithm': 0,
  'wrong-issuer': 0,
  'wrong-audience': 0,
  'no-expiry': 0,
  'no-subject': 0,
  'long-subject': 0,
  'unknown-key': 0,
  'stream-token': 0,
  'wrong-device': 0,
};

const USUAL_OUTCOMES = [
  ['established', ''],
  ['timed-out', 'HANDSHAKE_TIMEOUT'],
  ['failed', 'DEVICE_NOT_CONNECTED'],
] as const;

/** Handshakes that are over, since the start. */
export interface HandshakeCounts {
  readonly all: number;
  /** Those that came to no stream, for whatever reason. */
  readonly failed: number;
}

/** Counts what the hub's parts tell, and reads the rest when it is scraped. */
export class Metrics implements HubObserver {
  readonly registry: Registry = new Registry();
  readonly #linksOpened = this.#counter('control_links_opened_total', 'Control links opened.');
  readonly #linksClosed = this.#counter('control_links_closed_total', 'Control links closed, by cause.', 'cause');
  readonly #handshakes = this.#counter('handshakes_total', 'Handshakes that are over, by outcome and error code.', 'outcome', 'code');
  readonly #durations: Histogram<'outcome'>;
  readonly #streamsEnded = this.#counter(
    'streams_ended_total',
    'Streams that have ended, by result and who ended them.',
    'result',
    'ended_by',
  );
  readonly #stalls = this.#counter('relay_stalls_total', 'How often the relay had to wait for a slow receiver.', 'direction');
  readonly #refused = this.#counter('credentials_refused_total', 'Callers that were not let in, by cause.', 'cause');
  readonly #limits = this.#counter('limits_reached_total', 'What a limit of the hub has refused or ended.', 'limit');
  readonly #responses = this.#counter('http_responses_total', 'HTTP answers, by class of their status.', 'status_class');

  readonly #counts = { all: 0, failed: 0 };

  constructor(levels: HubLevels, lag: EventLoopLag, clock: Clock) {
    this.#durations = new Histogram({
      name: `${PREFIX}handshake_duration_seconds`,
      help: 'From a stream request to the outcome of its handshake, in seconds.',
      labelNames: ['outcome'],
      buckets: HANDSHAKE_BUCKETS,
      registers: [this.registry],
    });
    this.#addLevels(levels);
    this.#addBuildInfo();
    this.#startAtZero();
    addProcessMetrics(this.registry, lag, clock.wallMs());
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** All of them in Prometheus' text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  get handshakeCounts(): HandshakeCounts {
    return { ...this.#counts };
  }

  linkOpened(): void {
    this.#linksOpened.inc();
  }

  linkClosed({ code, violation }: LegEnd): void {
    this.#linksClosed.inc({ cause: violation ? 'violation' : (LINK_ENDS[code] ?? 'other') });
  }

  handshakeSettled({ result: outcome, code, durationMs }: HandshakeOutcome): void {
    this.#counts.all += 1;
    if (outcome !== 'established') this.#counts.failed += 1;
    this.#handshakes.inc({ outcome, code: code ?? '' });
    this.#durations.observe({ outcome }, durationMs / MS_PER_S);
  }

  streamEnded({ result, endedBy }: StreamEnd): void {
    this.#streamsEnded.inc({ result, ended_by: endedBy });
  }

  relayStalled(to: Role): void {
    this.#stalls.inc({ direction: `to_${to}` });
  }

  credentialRefused(cause: RefusedCredential): void {
    this.#refused.inc({ cause });
  }

  limitReached(limit: string): void {
    this.#limits.inc({ limit });
  }

  answered(status: number): void {
    this.#responses.inc({ status_class: `${Math.floor(status / 100)}xx` });
  }

  #counter<Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  #addLevels({ devicesConnected, handshakes, streams, bytes, connections, certificateExpiryMs }: HubLevels): void {
    const gauge = (name: string, help: string, read: () => number | undefined): void => gaugeOf(this.registry, PREFIX + name, help, read);
    gauge('devices_connected', 'Devices that can be asked for a stream now.', devicesConnected);
    gauge('handshakes_active', 'Handshakes that run.', handshakes);
    gauge('streams_active', 'Streams that run.', streams);
    gauge('connections_open', 'Open TCP connections.', connections);
    gauge('certificate_expiry_timestamp_seconds', 'When the certificate in force ends, since the Unix epoch, in seconds.', () => {
      const expiryMs = certificateExpiryMs();
      return expiryMs === undefined ? undefined : expiryMs / MS_PER_S;
    });
    new Counter({
      name: `${PREFIX}relayed_bytes_total`,
      help: 'Payload bytes relayed, those of running streams included, by direction.',
      labelNames: ['direction'],
      registers: [this.registry],
      collect() {
        const { toDevice, toService } = bytes();
        this.reset();
        this.inc({ direction: 'to_device' }, toDevice);
        this.inc({ direction: 'to_service' }, toService);
      },
    });
  }

  #addBuildInfo(): void {
    const name = `${PREFIX}build_info`;
    const labels = { version: VERSION, node_version: process.version };
    const info = new Gauge({
      name,
      help: 'Always 1; its labels are the versions.',
      labelNames: Object.keys(labels),
      registers: [this.registry],
    });
    info.set(labels, 1);
  }

  /** A counter that begins with its first event shows no increase: `rate()` would miss that one. */
  #startAtZero(): void {
    for (const direction of ['to_device', 'to_service']) this.#stalls.inc({ direction }, 0);
    for (const cause of [...new Set(Object.values(LINK_ENDS)), 'violation', 'other']) this.#linksClosed.inc({ cause }, 0);
    for (const status_class of ['1xx', '2xx', '4xx', '5xx']) this.#responses.inc({ status_class }, 0);
    for (const cause of Object.keys(REFUSED)) this.#refused.inc({ cause }, 0);
    for (const ended_by of ['device', 'service', 'hub']) {
      for (const result of ['clean', 'terminated']) this.#streamsEnded.inc({ result, ended_by }, 0);
    }
    for (const limit of LIMIT_LABELS) this.#limits.inc({ limit }, 0);
    for (const [outcome, code] of USUAL_OUTCOMES) this.#handshakes.inc({ outcome, code }, 0);
  }
}

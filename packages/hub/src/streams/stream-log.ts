// What the resource log and the metrics are told of requests, handshakes and streams.
import { CLOSE_CLEAN, type LogResult, type OpenStreamBody, terminationCode, type WireCode } from '@streams/protocol/internal';
import type { HubObserver } from '../diagnostics/observer.ts';
import type { LogEntry, ResourceLog } from '../diagnostics/resource-log.ts';
import type { HandshakeState } from './handshake.ts';
import type { Negotiation } from './negotiation.ts';
import type { RelayReport } from './relay.ts';

/** A request as the log identifies it. */
export interface LoggedRequest extends Pick<OpenStreamBody, 'name' | 'resumes' | 'resumeCount'> {
  readonly deviceId: string;
  /** Who asks. */
  readonly policy: { readonly name: string };
  readonly address: string;
  readonly trackingId: string;
  readonly traceparent?: string | undefined;
}

/** See the top of this file. */
export class StreamLog {
  readonly #log: ResourceLog;
  readonly #observer: HubObserver;

  constructor(log: ResourceLog, observer: HubObserver) {
    this.#log = log;
    this.#observer = observer;
  }

  /** Of a request whose handshake cannot begin. */
  refused(request: LoggedRequest, code: WireCode): void {
    this.#observer.handshakeSettled({ result: 'failed', code, durationMs: 0 });
    this.#log.write({ ...identify('', request), operation: 'handshake', result: 'failed', code, durationMs: 0, stepsMs: {} });
  }

  /** Of a handshake that is over, whatever its outcome. */
  settled({ streamId, request, state, stepsMs, elapsedMs: durationMs }: Negotiation): void {
    const outcome = handshakeResult(state);
    this.#observer.handshakeSettled({ ...outcome, durationMs });
    this.#log.write({ ...identify(streamId, request), ...outcome, durationMs, stepsMs });
  }

  /** Of a stream that has ended. */
  ended({ streamId, request }: Negotiation, report: RelayReport, durationMs: number): void {
    const outcome = streamResult(report);
    this.#observer.streamEnded({ result: outcome.result, endedBy: report.endedBy });
    this.#log.write({ ...identify(streamId, request), ...outcome, durationMs });
  }
}

type Identification = Pick<
  LogEntry,
  'deviceId' | 'streamName' | 'streamId' | 'sessionId' | 'resumeCount' | 'policy' | 'address' | 'trackingId' | 'traceparent'
>;

function identify(streamId: string, request: LoggedRequest): Identification {
  const { deviceId, name: streamName, resumes: sessionId = streamId, resumeCount = 0 } = request;
  const { policy, address, trackingId, traceparent } = request;
  return { deviceId, streamName, streamId, sessionId, resumeCount, policy: policy.name, address, trackingId, traceparent };
}

function handshakeResult(state: HandshakeState): Pick<LogEntry, 'operation' | 'result' | 'code' | 'phase' | 'reason'> {
  const operation = 'handshake';
  switch (state.name) {
    case 'rejected':
      return { operation, result: 'rejected', code: state.code, reason: state.reason };
    case 'timed-out':
      return { operation, result: 'timed-out', code: 'HANDSHAKE_TIMEOUT', phase: state.phase };
    case 'failed':
      return { operation, result: 'failed', code: state.code };
    case 'cancelled':
      return { operation, result: 'cancelled', code: 'ABORTED' };
    default:
      return { operation, result: 'established' };
  }
}

function streamResult(
  report: RelayReport,
): Pick<LogEntry, 'operation' | 'result' | 'code' | 'bytesToDevice' | 'bytesToService' | 'endedBy' | 'closeCode' | 'reason'> {
  const { bytesToDevice, bytesToService, endedBy, closeCode, reason } = report;
  const clean = closeCode === CLOSE_CLEAN;
  const result: LogResult = clean ? 'clean' : 'terminated';
  const code = clean ? undefined : terminationCode(closeCode);
  return { operation: 'stream', result, code, bytesToDevice, bytesToService, endedBy, closeCode, reason };
}

// What the resource log says of requests, handshakes and streams.
import { CLOSE_CLEAN, type LogResult, type OpenStreamBody, type WireCode } from '@streams/protocol/internal';
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

  constructor(log: ResourceLog) {
    this.#log = log;
  }

  /** Of a request whose handshake cannot begin. */
  refused(request: LoggedRequest, code: WireCode): void {
    this.#log.write({ ...identify('', request), operation: 'handshake', result: 'failed', code, durationMs: 0, stepsMs: {} });
  }

  /** Of a handshake that is over, whatever its outcome. */
  settled({ streamId, request, state, stepsMs, elapsedMs: durationMs }: Negotiation): void {
    this.#log.write({ ...identify(streamId, request), ...handshakeResult(state), durationMs, stepsMs });
  }

  /** Of a stream that has ended. */
  ended({ streamId, request }: Negotiation, report: RelayReport, durationMs: number): void {
    this.#log.write({ ...identify(streamId, request), ...streamResult(report), durationMs });
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
  const code = clean ? undefined : 'STREAM_TERMINATED';
  return { operation: 'stream', result, code, bytesToDevice, bytesToService, endedBy, closeCode, reason };
}

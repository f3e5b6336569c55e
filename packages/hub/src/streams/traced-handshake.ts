// Shows a handshake to who traces: from the request to its outcome, which comes later than the answer to the service.
import { deferred, type HandshakeMessage, type OpenStreamAnswer, traceHandshake } from '@streams/protocol/internal';
import type { StreamRequest } from './negotiation.ts';

/** What is told while the handshake runs. */
export interface HandshakeTrace {
  /** The hub asks the device. */
  asked(streamId: string): void;
  /** @param failure Undefined where the stream is established. */
  settled(failure: Error | undefined): void;
}

/**
 * Resolves with what `open` gives.
 * @param open Gets the request with the trace context that the device is to see.
 */
export function traceRequest(
  request: StreamRequest,
  open: (request: StreamRequest, trace: HandshakeTrace) => Promise<OpenStreamAnswer>,
): Promise<OpenStreamAnswer> {
  const { deviceId, name, resumes, traceparent } = request;
  const handshake: HandshakeMessage = { side: 'hub', deviceId, name, streamId: undefined, resumes, traceparent };
  const answer = deferred<OpenStreamAnswer>();
  const outcome = deferred<void>();
  const trace: HandshakeTrace = {
    asked: (streamId) => void (handshake.streamId = streamId),
    settled: (failure) => (failure ? outcome.reject(failure) : outcome.resolve()),
  };
  const run = (): Promise<void> => {
    open({ ...request, traceparent: handshake.traceparent }, trace).then(answer.resolve, (error) => {
      answer.reject(error);
      outcome.reject(error);
    });
    return outcome.promise;
  };
  traceHandshake(handshake, run).catch(() => undefined);
  return answer.promise;
}

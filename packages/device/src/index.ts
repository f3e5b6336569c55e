// Public names of @streams/device.
export { DeviceClient } from './client.ts';
export type { StreamRequestHandler } from './dispatch.ts';
export type { LinkState } from './link/state.ts';
export type { DeviceClientOptions, DeviceClientSettings } from './options.ts';
export { StreamRequest } from './request.ts';
export {
  AuthenticationError,
  DeviceStream,
  ReplacedError,
  StreamsError,
  StreamTerminatedError,
  StreamTimeoutError,
} from '@streams/protocol';
export type { Cancel, Clock, EndedBy, ErrorCode, HandshakePhase, Logger, Random, StreamOutcome, TlsFailureReason } from '@streams/protocol';

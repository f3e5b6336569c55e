// Public names of @streams/protocol. Most users get them from the SDKs, which re-export what their users need.
export { formatConnectionString, parseDeviceConnectionString, parseServiceConnectionString } from './credentials/connection-string.ts';
export type { DeviceCredentials, HubAddress, ServiceCredentials } from './credentials/connection-string.ts';
export { Secret } from './credentials/redact.ts';
export { StreamsError } from './errors/base.ts';
export type { StreamsErrorOptions } from './errors/base.ts';
export { ERRORS } from './errors/codes.ts';
export type { ErrorCode, ErrorEntry, WireCode } from './errors/codes.ts';
export {
  AuthenticationError,
  ChannelResetError,
  DeviceNotConnectedError,
  ReplacedError,
  SessionError,
  StreamRejectedError,
  StreamTerminatedError,
  StreamTimeoutError,
} from './errors/kinds.ts';
export type { HandshakePhase, RejectionCode, SessionLoss, Termination } from './errors/kinds.ts';
export type { TlsFailureReason } from './net/tls-failures.ts';
export type { SessionStats } from './session/session.ts';
export { ChannelStream } from './session/tunnel/channel-stream.ts';
export { Tunnel } from './session/tunnel/tunnel.ts';
export type { OpenChannelOptions, TunnelEvents, TunnelRequestHandler } from './session/tunnel/tunnel.ts';
export { TunnelRequest } from './session/tunnel/tunnel-request.ts';
export { DeviceStream } from './stream/device-stream.ts';
export type { StreamInfo, StreamOutcome } from './stream/device-stream.ts';
export type { StreamWebSocket } from './stream/stream-web-socket.ts';
export type { WebStreams } from './stream/web-streams.ts';
export type { HandshakeMessage, LinkStateMessage, StreamCloseMessage, StreamOpenMessage, StreamSide } from './telemetry/channels.ts';
export type { StreamEvents } from './telemetry/client-events.ts';
export type { Logger } from './telemetry/logger.ts';
export type { Cancel, Clock } from './time/clock.ts';
export type { Random } from './time/random.ts';
export type { ExportedDevice, ImportedDevice, ImportProgress } from './wire/bulk.ts';
export type { LogEndedBy, LogOperation, LogRecord, LogResult } from './wire/log-records.ts';
export type { Permission, PolicyView, PutPolicyBody } from './wire/policies.ts';
export type { DeviceView, HubView, PutDeviceBody } from './wire/rest.ts';
export type { EndedBy } from './wire/close-codes.ts';
export type { ResetCode, SentResetCode } from './wire/reset-codes.ts';

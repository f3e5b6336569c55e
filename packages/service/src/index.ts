// Public names of @streams/service.
export { ServiceClient } from './client.ts';
export type { Device, DeviceKey, Devices, DeviceSettings } from './devices.ts';
export type { FollowOptions, LogFilter, LogQuery, Logs } from './logs.ts';
export type { CreateStreamOptions } from './open-stream.ts';
export type { OpenTunnelOptions } from './open-tunnel.ts';
export type { ServiceClientOptions, ServiceClientSettings } from './options.ts';
export { createServiceProxy } from './proxy/service-proxy.ts';
export type { ServiceProxy, ServiceProxyOptions } from './proxy/service-proxy.ts';
export type { Forward, ForwardAddress } from './proxy/forwards.ts';
export {
  AuthenticationError,
  ChannelResetError,
  ChannelStream,
  DeviceNotConnectedError,
  DeviceStream,
  SessionError,
  StreamRejectedError,
  StreamsError,
  StreamTerminatedError,
  StreamTimeoutError,
  Tunnel,
  TunnelRequest,
} from '@streams/protocol';
export type {
  Cancel,
  Clock,
  EndedBy,
  ErrorCode,
  HandshakeMessage,
  HandshakePhase,
  HubView,
  LogEndedBy,
  Logger,
  LogOperation,
  LogRecord,
  LogResult,
  OpenChannelOptions,
  Random,
  ResetCode,
  SentResetCode,
  SessionStats,
  StreamCloseMessage,
  StreamEvents,
  StreamOpenMessage,
  StreamOutcome,
  StreamSide,
  StreamWebSocket,
  TlsFailureReason,
  TunnelEvents,
  TunnelRequestHandler,
  WebStreams,
} from '@streams/protocol';

// Public names of @streams/service.
export { ServiceClient } from './client.ts';
export type { ImportOptions, ImportRowFailure, ImportSource } from './bulk.ts';
export type { Device, DeviceFilter, DeviceKey, Devices, DeviceSettings } from './devices.ts';
export type { KeySlot } from './key-slot.ts';
export type { FollowOptions, LogFilter, LogQuery, Logs } from './logs.ts';
export type { CreateStreamOptions } from './open-stream.ts';
export type { OpenTunnelOptions } from './open-tunnel.ts';
export type { WriteOptions } from './write-options.ts';
export type { ServiceClientOptions, ServiceClientSettings, ServiceKeyOptions, ServiceTokenOptions } from './options.ts';
export type { Policies, Policy, PolicySettings } from './policies.ts';
export type { TokenSource } from './token.ts';
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
  ExportedDevice,
  HandshakeMessage,
  HandshakePhase,
  HubView,
  ImportedDevice,
  ImportProgress,
  LogEndedBy,
  Logger,
  LogOperation,
  LogRecord,
  LogResult,
  OpenChannelOptions,
  Permission,
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

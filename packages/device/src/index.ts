// Public names of @streams/device.
export { DeviceClient } from './client.ts';
export type { RequestLoopOptions, RequestOptions, StreamRequestHandler } from './dispatch.ts';
export type { DeviceClientEvents, LinkTrouble } from './events.ts';
export type { LinkState } from './link/state.ts';
export type { DeviceClientOptions, DeviceClientSettings } from './options.ts';
export { createDeviceProxy } from './proxy/device-proxy.ts';
export type { DeviceProxy, DeviceProxyOptions } from './proxy/device-proxy.ts';
export type { Lookup } from './proxy/connect-target.ts';
export type { DeviceProxyService } from './proxy/services.ts';
export { StreamRequest } from './request.ts';
export {
  AuthenticationError,
  ChannelResetError,
  ChannelStream,
  DeviceStream,
  ReplacedError,
  SessionError,
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
  LinkStateMessage,
  Logger,
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

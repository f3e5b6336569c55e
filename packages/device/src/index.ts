// Public names of @streams/device.
export { DeviceClient } from './client.ts';
export type { StreamRequestHandler } from './dispatch.ts';
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
  DeviceStream,
  ReplacedError,
  StreamsError,
  StreamTerminatedError,
  StreamTimeoutError,
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
  Random,
  StreamCloseMessage,
  StreamEvents,
  StreamOpenMessage,
  StreamOutcome,
  StreamSide,
  StreamWebSocket,
  TlsFailureReason,
  WebStreams,
} from '@streams/protocol';

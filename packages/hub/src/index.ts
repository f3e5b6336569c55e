// Public names of @streams/hub.
export type { Permission } from './auth/policies.ts';
export type { MetricsOptions } from './config/metrics.ts';
export type { HubOptions, PolicyOptions, TlsFiles, TlsOptions } from './config/schema.ts';
export type { ResourceLogOptions } from './config/resource-log.ts';
export { openRegistry } from './devices/lmdb-registry.ts';
export type { DurableRegistry, RegistryOptions } from './devices/lmdb-registry.ts';
export type { DeviceChange, DevicePage, DeviceRecord, Registry } from './devices/registry.ts';
export type { ListenAddress, ListenOptions } from './http/listener.ts';
export type { DrainOptions } from './drain.ts';
export { createLogger } from './diagnostics/logger.ts';
export type { LogDestination } from './diagnostics/logger.ts';
export { hubServerOptions } from './http/server.ts';
export { createHub } from './hub.ts';
export type { Hub, HubPorts } from './hub.ts';
export { StreamsError } from '@streams/protocol';
export type { Cancel, Clock, ErrorCode, Logger, Random } from '@streams/protocol';

// Public names of @streams/hub.
export { openPolicies } from './auth/file-policies.ts';
export type { DurablePolicies, NewPolicy, PolicyFileOptions } from './auth/file-policies.ts';
export type { PolicyChange, PolicyStore } from './auth/policy-store.ts';
export type { JwtAlgorithm, JwtGrant, JwtOptions } from './config/jwt.ts';
export type { PolicyOptions } from './config/policies.ts';
export type { HubOptions, TlsFiles, TlsOptions } from './config/schema.ts';
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
export type { Cancel, Clock, ErrorCode, Logger, Permission, Random } from '@streams/protocol';

// Shared access policies in force: named service keys and what they permit, and where.
import type { Permission } from '@streams/protocol/internal';
import type { PolicyOptions } from '../config/policies.ts';
import { etagOf } from '../http/etag.ts';
import { keyIdOf } from './key-id.ts';

/** Permissions, and the devices and stream names that they are for. */
export interface Grant {
  readonly permissions: ReadonlySet<Permission>;
  /** Patterns; undefined: all devices. */
  readonly devices?: readonly string[] | undefined;
  /** Patterns; undefined: all names. */
  readonly streams?: readonly string[] | undefined;
}

/** Who asks, and what it may do. */
export interface Policy {
  readonly name: string;
  /** Each by itself: what one permits for a device, another does not permit for all. One, unless several claims of a token are mapped. */
  readonly grants: readonly Grant[];
}

/** What a request is about. */
export interface Target {
  readonly deviceId?: string | undefined;
  readonly streamName?: string | undefined;
}

/** What a configured policy permits. */
export function policyOf({ name, permissions, devices, streams }: PolicyOptions): Policy {
  return { name, grants: [{ permissions: new Set(permissions), devices, streams }] };
}

/** The version of a policy: changes exactly when something of it does. */
export function policyEtag({ name, keys, permissions, devices, streams, expiresAt }: PolicyOptions): string {
  return etagOf(JSON.stringify([name, permissions, devices, streams, expiresAt]), keys);
}

/** True if a text is as one of the patterns says: a `*` at the end stands for any ending, all else for itself. */
export function matches(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern));
}

/** True if the policy has the permission for all of what `target` names. */
export function permits({ grants }: Policy, permission: Permission, { deviceId, streamName }: Target = {}): boolean {
  return grants.some(
    ({ permissions, devices, streams }) => permissions.has(permission) && covers(devices, deviceId) && covers(streams, streamName),
  );
}

/** True once the time of a policy is over. */
export function isExpired({ expiresAt }: PolicyOptions, wallMs: number): boolean {
  return expiresAt !== undefined && wallMs >= Date.parse(expiresAt);
}

/** The keys that sign for a policy now: none, once it is deleted or its time is over. */
export function policyKeyIds(policy: PolicyOptions | undefined, wallMs: number): ReadonlySet<string> {
  return new Set(policy === undefined || isExpired(policy, wallMs) ? [] : policy.keys.map(keyIdOf));
}

function covers(patterns: readonly string[] | undefined, text: string | undefined): boolean {
  return patterns === undefined || text === undefined || matches(patterns, text);
}

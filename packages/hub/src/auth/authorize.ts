// What an authenticated caller may do.
import { createError, type Permission, type StreamsError } from '@streams/protocol/internal';
import type { Identity } from './authenticate.ts';
import { permits, type Policy, type Target } from './policies.ts';

/**
 * The policy of a service that has the permission, for the device and the stream name that the request is about.
 * Asked before anything is looked up: whoever may not use a device does not learn whether it exists.
 * @throws `STREAMS_FORBIDDEN`
 */
export function requirePermission(identity: Identity, permission: Permission, target: Target = {}): Policy {
  if (identity.kind !== 'service') throw createError('FORBIDDEN', { message: 'a device may not do this; it takes the key of a policy' });
  const { policy } = identity;
  if (!permits(policy, permission, target)) throw forbidden(policy, permission, target);
  return policy;
}

/** For lists: true if the policy may do this with the device. */
export function mayUseDevice(policy: Policy, deviceId: string, permission: Permission = 'device:read'): boolean {
  return permits(policy, permission, { deviceId });
}

/** Says what a policy lacks: the permission, or the permission for this device or stream name. */
export function forbidden(policy: Policy, permission: Permission, { deviceId, streamName }: Target): StreamsError {
  const lacks = (problem: string, where: Target = {}): StreamsError =>
    createError('FORBIDDEN', { message: `the policy ${policy.name} ${problem}`, details: { permission, ...where } });
  if (!permits(policy, permission)) return lacks(`lacks the permission ${permission}`);
  const elsewhere = `has the permission ${permission} for other`;
  if (!permits(policy, permission, { deviceId })) return lacks(`${elsewhere} devices, not for ${deviceId}`, { deviceId });
  return lacks(`${elsewhere} stream names, not for ${streamName}`, { streamName });
}

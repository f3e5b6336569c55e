// What an authenticated caller may do.
import { createError } from '@streams/protocol/internal';
import type { Identity } from './authenticate.ts';
import type { Permission, Policy } from './policies.ts';

/**
 * The policy of a service that has the permission.
 * @throws `STREAMS_FORBIDDEN`
 */
export function requirePermission(identity: Identity, permission: Permission): Policy {
  if (identity.kind !== 'service') throw createError('FORBIDDEN', { message: 'a device may not do this; it takes the key of a policy' });
  if (!identity.policy.permissions.has(permission)) {
    throw createError('FORBIDDEN', {
      message: `the policy ${identity.policy.name} lacks the permission ${permission}`,
      details: { permission },
    });
  }
  return identity.policy;
}

// Which devices a caller may see and change, for all that is about many devices: list, export, import.
import type { Policy } from '../auth/policies.ts';

/** True for the devices of the policy: all of them. */
export function deviceScope(_policy: Policy): (deviceId: string) => boolean {
  return () => true;
}

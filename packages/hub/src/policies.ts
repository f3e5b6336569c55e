// Public names of @streams/hub/policies: what a program needs that runs no hub and reads its policies. Without the hub, it is loaded at once.
export { readPolicies } from './auth/policy-file.ts';
export type { PolicyOptions } from './config/policies.ts';

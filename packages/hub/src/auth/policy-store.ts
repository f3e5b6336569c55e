// The seam behind which shared access policies are kept.
import type { PolicyOptions } from '../config/policies.ts';

/** Something about a policy has changed. */
export interface PolicyChange {
  readonly name: string;
  /** The policy as it is now; absent once it is deleted. */
  readonly policy?: PolicyOptions | undefined;
}

/** Keeps policies. A promise that resolves has been carried out, and a `get` that begins after it sees that. */
export interface PolicyStore {
  get(name: string): Promise<PolicyOptions | undefined>;
  /** All of them, in the order of their names, character code by character code. */
  list(): Promise<readonly PolicyOptions[]>;
  /** Creates or replaces a policy. */
  put(policy: PolicyOptions): Promise<void>;
  /** Resolves with false if there is none. */
  delete(name: string): Promise<boolean>;
  /** Calls `listener` after every change, in their order, until the returned function is called. */
  changes(listener: (change: PolicyChange) => void): () => void;
}

/** Tells a store from a list of policies. */
export function isPolicyStore(value: unknown): value is PolicyStore {
  return typeof value === 'object' && value !== null && 'changes' in value && typeof value.changes === 'function';
}

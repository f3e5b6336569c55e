// Shared access policies: named service keys and what they permit.
import type { PolicyOptions } from '../config/schema.ts';

/** What a policy can permit. */
export type Permission = 'stream:create' | 'device:read' | 'device:write' | 'hub:read' | 'hub:write';

/** All of them. */
export const PERMISSIONS: readonly Permission[] = ['stream:create', 'device:read', 'device:write', 'hub:read', 'hub:write'];

/** A policy in force. */
export interface Policy {
  readonly name: string;
  readonly keys: readonly string[];
  readonly permissions: ReadonlySet<Permission>;
}

/** The hub's policies by name. */
export class Policies {
  readonly #byName: ReadonlyMap<string, Policy>;

  constructor(policies: readonly PolicyOptions[]) {
    this.#byName = new Map(policies.map(({ name, keys, permissions }) => [name, { name, keys, permissions: new Set(permissions) }]));
  }

  find(name: string): Policy | undefined {
    return this.#byName.get(name);
  }
}

// Policies in memory: those of the option `policies`, and what REST has made of them until the hub ends.
import { Changes } from '../changes.ts';
import type { PolicyOptions } from '../config/policies.ts';
import type { PolicyChange, PolicyStore } from './policy-store.ts';

/** See {@link PolicyStore}. */
export class MemoryPolicies implements PolicyStore {
  #byName: ReadonlyMap<string, PolicyOptions>;
  readonly #changes = new Changes<PolicyChange>();

  constructor(policies: readonly PolicyOptions[]) {
    this.#byName = byName(policies);
  }

  get(name: string): Promise<PolicyOptions | undefined> {
    return Promise.resolve(this.#byName.get(name));
  }

  list(): Promise<readonly PolicyOptions[]> {
    return Promise.resolve(this.all);
  }

  put(policy: PolicyOptions): Promise<void> {
    this.replace([...this.all.filter(({ name }) => name !== policy.name), policy]);
    return Promise.resolve();
  }

  delete(name: string): Promise<boolean> {
    const existed = this.#byName.has(name);
    this.replace(this.all.filter((policy) => policy.name !== name));
    return Promise.resolve(existed);
  }

  changes(listener: (change: PolicyChange) => void): () => void {
    return this.#changes.listen(listener);
  }

  /** As `list`, at once. */
  get all(): readonly PolicyOptions[] {
    return [...this.#byName.values()];
  }

  /** Puts other policies in the place of all, and tells which have changed. */
  replace(policies: readonly PolicyOptions[]): void {
    const before = this.#byName;
    const after = byName(policies);
    this.#byName = after;
    for (const name of new Set([...before.keys(), ...after.keys()])) {
      const policy = after.get(name);
      if (JSON.stringify(policy) !== JSON.stringify(before.get(name))) this.#changes.emit({ name, policy });
    }
  }
}

function byName(policies: readonly PolicyOptions[]): ReadonlyMap<string, PolicyOptions> {
  return new Map(policies.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((policy) => [policy.name, policy]));
}

// Policies in a file of the data directory. What is acknowledged is on disk; what somebody edits there counts from the next reload on.
import { createError, PERMISSIONS, systemRandom } from '@streams/protocol/internal';
import type { PolicyOptions } from '../config/policies.ts';
import { MemoryPolicies } from './memory-policies.ts';
import { type PolicyFile, policyFileIn, readPolicyFile, writePolicyFile } from './policy-file.ts';
import { bothKeys } from './policy-keys.ts';
import type { PolicyChange, PolicyStore } from './policy-store.ts';

/** A policy that is to be made; keys that are missing are made too. */
export interface NewPolicy extends Omit<PolicyOptions, 'keys'> {
  readonly keys?: readonly string[] | undefined;
}

/** Where durable policies live. */
export interface PolicyFileOptions {
  /** Holds `policies.json`, mode 0600. Made with mode 0700 where it is missing; may be the one that `tls` and the registry have. */
  readonly dataDirectory: string;
  /** What a file that is missing is made with. Default: one policy, `owner`, that may do everything. */
  readonly defaults?: readonly NewPolicy[] | undefined;
}

/** Policies that are kept in a file. */
export interface DurablePolicies extends PolicyStore {
  /**
   * Takes the file as it is now; what it no longer permits ends.
   * @throws `STREAMS_INVALID_ARGUMENT` that names the path of what is wrong: the policies in force stay.
   */
  reload(): Promise<void>;
}

const OWNER: NewPolicy = { name: 'owner', permissions: PERMISSIONS };

/**
 * Opens the policies of a data directory, or makes them there. One process at a time: where there is a registry beside them, open that first.
 * @throws `STREAMS_INVALID_ARGUMENT` that names the file and the path of what is wrong, never a key: others can read it, it is no JSON,
 * a policy is not as it must be. `STREAMS_INTERNAL` if it cannot be written, `STREAMS_OVERLOADED` where its disk is full or fails.
 */
export async function openPolicies({ dataDirectory, defaults = [OWNER] }: PolicyFileOptions): Promise<DurablePolicies> {
  const file = policyFileIn(dataDirectory);
  const known = await readPolicyFile(file);
  if (known) return new FilePolicies(file, known);
  const policies = defaults.map((policy) => ({ ...policy, keys: bothKeys(policy.keys, systemRandom) }));
  return new FilePolicies(file, { text: await writePolicyFile(file, policies), policies });
}

class FilePolicies implements DurablePolicies {
  readonly #file: string;
  readonly #kept: MemoryPolicies;
  /** The file as it was last read or written. */
  #text: string;
  /** The last change under way. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(file: string, { text, policies }: PolicyFile) {
    this.#file = file;
    this.#text = text;
    this.#kept = new MemoryPolicies(policies);
  }

  get(name: string): Promise<PolicyOptions | undefined> {
    return this.#kept.get(name);
  }

  list(): Promise<readonly PolicyOptions[]> {
    return this.#kept.list();
  }

  put(policy: PolicyOptions): Promise<void> {
    return this.#inTurn(async () => this.#write([...this.#without(policy.name), policy]));
  }

  delete(name: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const others = this.#without(name);
      const existed = others.length < this.#kept.all.length;
      if (existed) await this.#write(others);
      return existed;
    });
  }

  changes(listener: (change: PolicyChange) => void): () => void {
    return this.#kept.changes(listener);
  }

  reload(): Promise<void> {
    return this.#inTurn(async () => {
      const now = await readPolicyFile(this.#file);
      if (now === undefined)
        throw createError('INVALID_ARGUMENT', {
          message: `${this.#file} is missing; restore it from a backup`,
          details: { file: this.#file },
        });
      this.#text = now.text;
      this.#kept.replace(now.policies);
    });
  }

  #without(name: string): PolicyOptions[] {
    return this.#kept.all.filter((policy) => policy.name !== name);
  }

  async #write(policies: readonly PolicyOptions[]): Promise<void> {
    const now = await readPolicyFile(this.#file).catch(() => undefined);
    if (now?.text !== this.#text) {
      const remedy = 'let the hub read it again first: send it SIGHUP, or restart it';
      throw createError('CONFLICT', { message: `${this.#file} was changed by hand, and would be overwritten`, details: { remedy } });
    }
    this.#text = await writePolicyFile(this.#file, policies);
    this.#kept.replace(policies);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

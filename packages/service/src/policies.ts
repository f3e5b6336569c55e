// Shared access policies as a service manages them: create, show, list, change, delete, and exchange a key without a gap.
import {
  asPolicyListView,
  asPolicyView,
  createError,
  formatConnectionString,
  isPolicyName,
  type PolicyView,
  type PutPolicyBody,
  Secret,
  systemRandom,
  TOKEN_POLICY_PREFIX,
} from '@streams/protocol/internal';
import { keyIn, type KeySlot, rotated } from './key-slot.ts';
import { asArgumentError, hubAddress, singleCa } from './hub-address.ts';
import type { Rest, RestCall } from './rest.ts';
import { matchOf, type WriteOptions } from './write-options.ts';

/** What is set of a policy; what is left out stays as it is, or is made. `null` takes a limit away. */
export type PolicySettings = PutPolicyBody;

/** A policy, as the hub shows it. */
export type Policy = PolicyView;

/** The policies of a hub. Reading takes a policy with `hub:read`, changing one with `hub:write`. */
export class Policies {
  readonly #rest: Rest;
  readonly #caCertificate: string | undefined;

  /** Made by `ServiceClient`. @internal */
  constructor(rest: Rest, ca: string | readonly string[] | undefined) {
    this.#rest = rest;
    this.#caCertificate = singleCa(ca);
  }

  /**
   * Creates a policy; keys that are not given are made. One that exists already keeps what `settings` leaves out.
   * @throws `STREAMS_INVALID_ARGUMENT` that names the field, `STREAMS_FORBIDDEN`; `STREAMS_CONFLICT` if it would take the last `hub:write`.
   */
  async create(name: string, settings: PolicySettings & Required<Pick<PolicySettings, 'permissions'>>): Promise<Policy> {
    return this.#put({ method: 'PUT', path: pathOf(name), body: settings, timeoutMs: 0 });
  }

  /** @throws `STREAMS_POLICY_NOT_FOUND`, `STREAMS_INVALID_ARGUMENT` for what is no name, `STREAMS_FORBIDDEN`. */
  async get(name: string): Promise<Policy> {
    return this.#rest.call({ method: 'GET', path: pathOf(name), timeoutMs: 0 }, asPolicyView);
  }

  /**
   * All policies, ordered by name, without their keys, fetched page by page.
   * @throws `STREAMS_FORBIDDEN`, at the first step.
   */
  async *list(): AsyncGenerator<Policy, void> {
    let query = '';
    for (;;) {
      const { policies, next } = await this.#rest.call({ method: 'GET', path: `/v1/policies${query}`, timeoutMs: 0 }, asPolicyListView);
      yield* policies;
      if (next === undefined) return;
      query = `?after=${encodeURIComponent(next)}`;
    }
  }

  /**
   * Changes a policy that exists. What it no longer permits ends within a second.
   * @throws `STREAMS_POLICY_NOT_FOUND`, `STREAMS_INVALID_ARGUMENT` that names the field, `STREAMS_FORBIDDEN`;
   * `STREAMS_CONFLICT` for another `etag`, or if it would take the last `hub:write`.
   */
  async update(name: string, settings: PolicySettings, options: WriteOptions = {}): Promise<Policy> {
    return this.#put({
      method: 'PUT',
      path: pathOf(name),
      body: settings,
      headers: { 'if-match': matchOf('update', options) },
      timeoutMs: 0,
    });
  }

  /**
   * Makes a new key in the place of one of the two; what stands on the old one ends within a second, all else goes on. To rotate without
   * a gap: rotate the key that no service uses, give the services the new one, then rotate the other.
   * @throws `STREAMS_POLICY_NOT_FOUND`, `STREAMS_FORBIDDEN`; `STREAMS_CONFLICT` if somebody else changes the policy at the same time.
   */
  async rotateKey(name: string, which: KeySlot): Promise<Policy> {
    const { keys, etag } = await this.get(name);
    return this.update(name, { keys: rotated(keysOf(keys), which, systemRandom) }, { etag });
  }

  /**
   * Deletes a policy; its streams end.
   * @throws `STREAMS_POLICY_NOT_FOUND`, `STREAMS_FORBIDDEN`; `STREAMS_CONFLICT` for another `etag`, or for the last one with `hub:write`.
   */
  async delete(name: string, options: WriteOptions = {}): Promise<void> {
    const headers = { 'if-match': matchOf('delete', options) };
    await this.#rest.call({ method: 'DELETE', path: pathOf(name), headers, timeoutMs: 0 }, () => undefined);
  }

  /**
   * All that a service needs, a secret: the hub's own name, the policy's, a key, and the CA if this client trusts one alone.
   * @throws `STREAMS_FORBIDDEN` if the policy of this client may not see keys, and what `get` throws.
   */
  async connectionString(name: string, which: KeySlot = 'primary'): Promise<string> {
    const keys = keysOf((await this.get(name)).keys);
    const key = new Secret(keyIn(keys, which) ?? '');
    return formatConnectionString({ ...(await hubAddress(this.#rest, this.#caCertificate)), policy: name, key });
  }

  async #put(call: RestCall): Promise<Policy> {
    try {
      return await this.#rest.call(call, asPolicyView);
    } catch (error) {
      throw asArgumentError('policies', error);
    }
  }
}

function pathOf(name: string): string {
  if (isPolicyName(name)) return `/v1/policies/${encodeURIComponent(name)}`;
  const message = `policies: name: expected a policy name, without ${TOKEN_POLICY_PREFIX} in front`;
  throw createError('INVALID_ARGUMENT', { message, details: { field: 'name' } });
}

/** The hub shows them only to who may write. */
function keysOf(keys: readonly string[] | undefined): readonly string[] {
  if (keys === undefined) throw createError('FORBIDDEN', { details: { permission: 'hub:write' } });
  return keys;
}

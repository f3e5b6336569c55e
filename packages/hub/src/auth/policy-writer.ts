// Creates, changes and deletes policies, one change after the other, and sees to it that somebody can still change them afterwards.
import { createError, type PutPolicyBody, type Random, type StreamsError } from '@streams/protocol/internal';
import type { PolicyOptions } from '../config/policies.ts';
import { checkPreconditions, type Preconditions } from '../http/preconditions.ts';
import { policyEtag } from './policies.ts';
import { bothKeys } from './policy-keys.ts';
import type { PolicyStore } from './policy-store.ts';

/** The one who changes a hub's policies. */
export class PolicyWriter {
  readonly #store: PolicyStore;
  readonly #random: Random;
  /** The last change under way: whether a policy is the last of its kind depends on all others. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: PolicyStore, random: Random) {
    this.#store = store;
    this.#random = random;
  }

  /**
   * Resolves once the store has it. What `body` leaves out stays, or is made.
   * @throws `STREAMS_POLICY_NOT_FOUND`, `STREAMS_BAD_REQUEST` for a new one without permissions, `STREAMS_CONFLICT` for another etag,
   * or if nobody with `hub:write` would be left.
   */
  put(name: string, body: PutPolicyBody, conditions: Preconditions = {}): Promise<{ policy: PolicyOptions; created: boolean }> {
    return this.#inTurn(async () => {
      const known = await this.#store.get(name);
      this.#check(known, conditions);
      const policy = this.#merged(name, known, body);
      await this.#keepWayIn(policy, known);
      await this.#store.put(policy);
      return { policy, created: known === undefined };
    });
  }

  /** @throws `STREAMS_POLICY_NOT_FOUND`, `STREAMS_CONFLICT` as {@link put}. */
  delete(name: string, conditions: Preconditions = {}): Promise<void> {
    return this.#inTurn(async () => {
      const known = await this.#store.get(name);
      this.#check(known, { ...conditions, mustExist: true });
      await this.#keepWayIn(undefined, known);
      await this.#store.delete(name);
    });
  }

  #check(known: PolicyOptions | undefined, conditions: Preconditions): void {
    if (known === undefined && conditions.mustExist) throw createError('POLICY_NOT_FOUND');
    checkPreconditions(conditions, known && policyEtag(known));
  }

  #merged(name: string, known: PolicyOptions | undefined, body: PutPolicyBody): PolicyOptions {
    const permissions = body.permissions ?? known?.permissions;
    if (permissions === undefined) {
      throw createError('BAD_REQUEST', { message: 'permissions: a new policy needs at least one', details: { path: 'permissions' } });
    }
    const limits = {
      devices: changed(body.devices, known?.devices),
      streams: changed(body.streams, known?.streams),
      expiresAt: changed(body.expiresAt, known?.expiresAt),
    };
    return { name, keys: bothKeys(body.keys ?? known?.keys, this.#random), permissions, ...limits };
  }

  /** A change may take a way in, but not the last one. */
  async #keepWayIn(after: PolicyOptions | undefined, before: PolicyOptions | undefined): Promise<void> {
    if (!isWayIn(before) || isWayIn(after)) return;
    const others = (await this.#store.list()).filter(({ name }) => name !== before?.name);
    if (!others.some(isWayIn)) throw lastWayIn(before?.name);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/** True for a policy with which policies can be changed, today and later. */
function isWayIn(policy: PolicyOptions | undefined): boolean {
  return policy?.permissions.includes('hub:write') === true && policy.expiresAt === undefined;
}

function lastWayIn(name: string | undefined): StreamsError {
  const message = `${name} is the last policy with hub:write that does not expire: without it nobody could change policies any more`;
  return createError('CONFLICT', { message, details: { remedy: 'give another policy hub:write first' } });
}

/** `null` takes away, what is left out stays. */
function changed<T>(given: T | null | undefined, known: T | undefined): T | undefined {
  return given === null ? undefined : (given ?? known);
}

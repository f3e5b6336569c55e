// Ends what a policy has asked for and no longer may, streams and looks at the log: its key is gone, it is deleted, narrowed, or its time is over.
import type { Cancel, Clock, Logger, Permission } from '@streams/protocol/internal';
import type { PolicyOptions } from '../config/policies.ts';
import type { LogFollowers } from '../diagnostics/log/followers.ts';
import type { Broker } from '../streams/broker.ts';
import type { Negotiation, StreamRequest } from '../streams/negotiation.ts';
import { isExpired, permits, policyKeyIds, policyOf, type Target } from './policies.ts';
import type { PolicyStore } from './policy-store.ts';

/** What revocation works on. */
export interface PolicyRevocationContext {
  readonly policies: PolicyStore;
  readonly broker: Broker;
  readonly followers: LogFollowers;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often to look whether a policy's time is over: by the wall clock, which somebody may set. */
const EXPIRY_TICK_MS = 500;

/** Follows the policies from its construction to `stop`. What came with a JSON Web Token stands on no key of theirs, and is left alone. */
export class PolicyRevocation {
  readonly #context: PolicyRevocationContext;
  readonly #unlisten: () => void;
  readonly #expiring = new Map<string, PolicyOptions>();
  #tick: Cancel | undefined;

  constructor(context: PolicyRevocationContext) {
    this.#context = context;
    this.#unlisten = context.policies.changes(({ name, policy }) => this.#apply(name, policy));
  }

  /**
   * For a handshake that has just begun: a change between the look at the credential and now found nothing to end.
   * Looks at the policy once more.
   */
  check(negotiation: Negotiation): void {
    const { policies, broker, logger } = this.#context;
    const { policy: asked, keyId } = negotiation.request;
    if (keyId === undefined) return;
    policies.get(asked.name).then(
      (policy) => {
        this.#watch(asked.name, policy);
        if (!this.#stands(negotiation.request, policy)) broker.revoke((each) => each === negotiation, 'FORBIDDEN');
      },
      (err: unknown) => logger.error({ err, policy: asked.name }, 'the policies could not be asked whether a key is still in force'),
    );
  }

  stop(): void {
    this.#unlisten();
    this.#tick?.();
  }

  #apply(name: string, policy: PolicyOptions | undefined): void {
    this.#watch(name, policy);
    const isRevoked = ({ request }: Negotiation): boolean =>
      request.policy.name === name && request.keyId !== undefined && !this.#stands(request, policy);
    this.#context.broker.revoke(isRevoked, 'FORBIDDEN');
    this.#context.followers.revoke(
      ({ policy: reader, keyId }) => reader === name && keyId !== undefined && !this.#permits(policy, keyId, 'hub:read'),
    );
  }

  /** True if the policy as it is now would permit the request under the key that has signed it. */
  #stands({ keyId = '', deviceId, name: streamName }: StreamRequest, policy: PolicyOptions | undefined): boolean {
    return this.#permits(policy, keyId, 'stream:create', { deviceId, streamName });
  }

  #permits(policy: PolicyOptions | undefined, keyId: string, permission: Permission, target?: Target): boolean {
    if (policy === undefined || !policyKeyIds(policy, this.#context.clock.wallMs()).has(keyId)) return false;
    return permits(policyOf(policy), permission, target);
  }

  #watch(name: string, policy: PolicyOptions | undefined): void {
    const { clock } = this.#context;
    if (policy?.expiresAt !== undefined && !isExpired(policy, clock.wallMs())) this.#expiring.set(name, policy);
    else this.#expiring.delete(name);
    if (this.#expiring.size > 0) this.#tick ??= clock.every(EXPIRY_TICK_MS, () => this.#expire());
    else {
      this.#tick?.();
      this.#tick = undefined;
    }
  }

  #expire(): void {
    for (const [name, policy] of this.#expiring) if (isExpired(policy, this.#context.clock.wallMs())) this.#apply(name, policy);
  }
}

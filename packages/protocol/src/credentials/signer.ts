// Signs a client's requests, and learns the hub's time where the client's clock is wrong.
import type { Clock } from '../time/clock.ts';
import { CLOCK_LEEWAY_MS, SIGNATURE_LIFE_MS } from '../wire/defaults.ts';
import { MAX_CLOCK_OFFSET_MS } from '../wire/limits.ts';
import type { Secret } from './redact.ts';
import { signSharedAccess } from './shared-access-signature.ts';

/** Whose signatures they are. */
export interface SignerIdentity {
  /** `{host}` or `{host}/devices/{id}`, host without port. */
  readonly resource: string;
  readonly policy?: string | undefined;
  readonly key: Secret;
}

/** Makes `Authorization` values; see design section 5. */
export class Signer {
  #identity: SignerIdentity;
  readonly #clock: Clock;
  #offsetMs = 0;

  constructor(identity: SignerIdentity, clock: Clock) {
    this.#identity = identity;
    this.#clock = clock;
  }

  /** A signature that lives for `SIGNATURE_LIFE_MS`. */
  authorization(): string {
    const { resource, policy, key } = this.#identity;
    return signSharedAccess({ resource, policy, expiresAtMs: this.#nowMs() + SIGNATURE_LIFE_MS }, key);
  }

  /** Signs with this key from now on. */
  useKey(key: Secret): void {
    this.#identity = { ...this.#identity, key };
  }

  /**
   * Takes over the hub's time after a refusal. Call it only with a time that came over verified TLS.
   * @returns true if the clock was off by so much that a new signature may be accepted.
   */
  adjustTo(hubTimeMs: number | undefined): boolean {
    if (hubTimeMs === undefined || Number.isNaN(hubTimeMs)) return false;
    const offsetMs = hubTimeMs - this.#clock.wallMs();
    if (Math.abs(offsetMs) > MAX_CLOCK_OFFSET_MS || Math.abs(offsetMs - this.#offsetMs) < CLOCK_LEEWAY_MS / 2) return false;
    this.#offsetMs = offsetMs;
    return true;
  }

  #nowMs(): number {
    return this.#clock.wallMs() + this.#offsetMs;
  }
}

// A certificate that the hub signs with its own CA, and signs anew when a third of its life is left (design section 5).
import type { Clock } from '@streams/protocol/internal';
import type { KeyPair } from '../http/server.ts';
import { BACKDATED_MS, issueLeaf, LEAF_LIFE_MS, loadAuthority } from './certificate-authority.ts';
import type { CertificateSource, ServerIdentity } from './certificates.ts';
import { areOld, loadTicketKeys } from './ticket-keys.ts';

/** The wall clock is asked, not a timer of 60 days: that would be beyond `setTimeout`, and stand still while the machine sleeps. */
const CHECK_EVERY_MS = 60_000;
const RENEW_AT_AGE_MS = (LEAF_LIFE_MS * 2) / 3;

/** The CA stays in memory: a data directory that has gone must not bring a new one, which no device pins. */
export class OwnCertificate implements CertificateSource {
  readonly checkEveryMs: number = CHECK_EVERY_MS;
  readonly #dataDirectory: string;
  readonly #authority: KeyPair;
  readonly #hostNames: readonly string[];
  readonly #clock: Clock;
  #leaf: KeyPair | undefined;
  #issuedAtMs = 0;
  #keysMadeAtMs = 0;

  private constructor(dataDirectory: string, authority: KeyPair, hostNames: readonly string[], clock: Clock) {
    this.#dataDirectory = dataDirectory;
    this.#authority = authority;
    this.#hostNames = hostNames;
    this.#clock = clock;
  }

  static async open(dataDirectory: string, hostNames: readonly string[], clock: Clock): Promise<OwnCertificate> {
    return new OwnCertificate(dataDirectory, await loadAuthority(dataDirectory, clock), hostNames, clock);
  }

  async load(): Promise<ServerIdentity> {
    const leaf = await issueLeaf(this.#authority, this.#hostNames, this.#clock);
    this.#leaf = leaf;
    this.#issuedAtMs = this.#clock.wallMs();
    return this.#identity(leaf);
  }

  async newer(): Promise<ServerIdentity | undefined> {
    const ageMs = this.#clock.wallMs() - this.#issuedAtMs;
    // Far below zero: the clock has been set right, and the certificate is one of tomorrow.
    if (!this.#leaf || ageMs < -BACKDATED_MS || ageMs >= RENEW_AT_AGE_MS) return this.load();
    return areOld(this.#keysMadeAtMs, this.#clock) ? this.#identity(this.#leaf) : undefined;
  }

  async #identity(leaf: KeyPair): Promise<ServerIdentity> {
    const { keys, madeAtMs } = await loadTicketKeys(this.#dataDirectory, this.#clock);
    this.#keysMadeAtMs = madeAtMs;
    return { ...leaf, caCertificate: this.#authority.cert, ticketKeys: keys };
  }
}

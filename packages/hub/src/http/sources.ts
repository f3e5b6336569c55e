// By whom limits per address count: a client's IPv4 address, or the network of its IPv6 address, since who has one has all of it.
import { isIP } from 'node:net';
import type { LimitsInForce } from '../config/limits-in-force.ts';
import { AddressSet, isLoopback, type TrustedProxies } from './trusted-proxies.ts';

/** Groups of 16 bits that a provider gives to one customer at the least: a /64. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/** See the top of this file. */
export class Sources {
  readonly #proxies: TrustedProxies;
  #exempt = new AddressSet([]);

  constructor(proxies: TrustedProxies, limits: LimitsInForce) {
    this.#proxies = proxies;
    const renew = (): void => void (this.#exempt = new AddressSet(limits.current.exemptAddresses));
    renew();
    limits.onChange(renew);
  }

  /** True if others are behind this address: a trusted proxy, or, without TLS, a program on this machine that ends it. */
  isShared(address: string, isEncrypted: boolean): boolean {
    return this.#proxies.has(address) || (!isEncrypted && isLoopback(address));
  }

  /** What counts for this address; `undefined` for one that is shared, or exempt. */
  of(address: string, isEncrypted: boolean): string | undefined {
    return this.isShared(address, isEncrypted) || this.#exempt.has(address) ? undefined : sourceOf(address);
  }
}

/** The address itself, or the first 64 bits of an IPv6 address in one spelling. */
export function sourceOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [left, right] = address.split('%', 1)[0]?.split('::') ?? [];
  const [head, tail] = [groupsOf(left), groupsOf(right)];
  const zeros = right === undefined ? 0 : GROUPS - head.length - tail.length;
  const groups = [...head, ...Array.from({ length: zeros }, () => 0), ...tail];
  return `${groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

function groupsOf(text = ''): number[] {
  if (text === '') return [];
  // The last 32 bits can be written as an IPv4 address; they are not looked at.
  return text.split(':').flatMap((group) => (group.includes('.') ? [0, 0] : [Number.parseInt(group, 16)]));
}

// Whom the hub believes about a client's address and its TLS: the proxies of `trustedProxies`, and nobody else.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { createError } from '@streams/protocol/internal';

/** Addresses with the same first `prefix` bits. */
export interface AddressRange {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

const LOOPBACK = blockListOf(['127.0.0.0/8', '::1']);
/** Traefik calls the scheme of an upgrade `wss`. */
const ENCRYPTED = /^(?:https|wss)$/i;
const MAPPED = /^::ffff:(?=\d+\.)/i;

/** Reads an address or a range such as `10.0.0.0/8`; `undefined` for anything else. */
export function parseRange(text: string): AddressRange | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = { 0: undefined, 4: 32, 6: 128 }[isIP(address)];
  if (bits === undefined || rest.length > 0 || address.includes('%')) return undefined;
  if (prefix !== undefined && (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits)) return undefined;
  return { address, prefix: prefix === undefined ? bits : Number(prefix), family: bits === 32 ? 'ipv4' : 'ipv6' };
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: string): boolean {
  return includes(LOOPBACK, address);
}

/** See the top of this file. */
export class TrustedProxies {
  readonly #proxies: BlockList | undefined;

  constructor(ranges: readonly string[]) {
    this.#proxies = blockListOf(ranges);
  }

  /** True for an address of a proxy in front of the hub. */
  has(address: string): boolean {
    return includes(this.#proxies, address);
  }

  /**
   * The client's address: the peer's own or, from a trusted proxy, the right-most of `X-Forwarded-For` that is none.
   * @throws `STREAMS_BAD_REQUEST` for a request that was, or may have been, on its way without TLS.
   */
  clientOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): string {
    const peer = plainForm(socket.remoteAddress ?? '');
    const isTrusted = includes(this.#proxies, peer);
    // Each of a chain may have its say.
    const said = isTrusted ? listOf(headers['x-forwarded-proto']) : [];
    const isEncrypted = 'encrypted' in socket || (isTrusted ? said.length > 0 : isLoopback(peer));
    if (!isEncrypted || said.some((scheme) => !ENCRYPTED.test(scheme))) {
      throw createError('BAD_REQUEST', {
        message: 'the hub takes TLS, plain HTTP from loopback, or a trusted proxy that sends X-Forwarded-Proto: https',
      });
    }
    return isTrusted ? this.#behind(peer, listOf(headers['x-forwarded-for'])) : peer;
  }

  #behind(peer: string, forwardedFor: readonly string[]): string {
    let client = peer;
    for (const entry of forwardedFor.toReversed()) {
      // What is malformed hides who has sent it: nothing to the left of it can be believed.
      if (isIP(entry) === 0) break;
      client = plainForm(entry);
      if (!includes(this.#proxies, client)) break;
    }
    return client;
  }
}

/** Some addresses and ranges. */
export class AddressSet {
  readonly #list: BlockList | undefined;

  constructor(ranges: readonly string[]) {
    this.#list = blockListOf(ranges);
  }

  has(address: string): boolean {
    return includes(this.#list, address);
  }
}

/** `undefined` where there is none: each look costs microseconds, and every connection takes several. */
function blockListOf(ranges: readonly string[]): BlockList | undefined {
  if (ranges.length === 0) return undefined;
  const list = new BlockList();
  for (const text of ranges) {
    const range = parseRange(text);
    if (range) list.addSubnet(range.address, range.prefix, range.family);
  }
  return list;
}

function includes(list: BlockList | undefined, address: string): boolean {
  if (list === undefined) return false;
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** A server of both families shows IPv4 clients as `::ffff:192.0.2.1`. */
export function plainForm(address: string): string {
  return address.replace(MAPPED, '');
}

function listOf(header: string | string[] | undefined): string[] {
  const text = [header ?? []].flat().join(',');
  return text === '' ? [] : text.split(',').map((entry) => entry.trim());
}

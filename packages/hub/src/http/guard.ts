// Looks a request over before anybody believes it: target, host, origin, and exactly one credential (reliability.md 1.3).
import type { IncomingMessage } from 'node:http';
import { createError, parseHost } from '@streams/protocol/internal';
import type { Sources } from './sources.ts';
import { MAX_HEADERS } from './server.ts';
import { isLoopback, type TrustedProxies } from './trusted-proxies.ts';

/** Who asks, as far as the request's head says. */
export interface Caller {
  /** The value of the `Authorization` header; nobody has checked it yet. */
  readonly authorization: string | undefined;
  /** The client's IP address, for the log. */
  readonly address: string;
  /** By which limits per address count; undefined where they do not. */
  readonly source: string | undefined;
  readonly trackingId: string;
}

/** What a request is measured by. */
export interface GuardRules {
  readonly hostNames: ReadonlySet<string>;
  readonly proxies: TrustedProxies;
  readonly sources: Sources;
}

/** Headers that decide who asks for what; Node silently keeps the first of two. */
const SINGLE = ['authorization', 'host', 'sec-websocket-key', 'sec-websocket-version', 'streams-instance-id'];
const NONE: ReadonlySet<string> = new Set();
/** A `Host` header: a name or an address, IPv6 in brackets, and perhaps a port. */
const LOCAL_HOST = /^\[?([\w.:-]+?)\]?(?::\d+)?$/;
/** What a proxy says of itself, trusted or not. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];
const CREDENTIAL_IN_QUERY = /[?&](?:token|access_token|sig|authorization|sr)=/i;

/**
 * Throws unless the request is one that a client of this hub sends.
 * @param ownPages The origins of the hub's own pages, `https://host[:port]`: theirs may ask, those of others may not.
 */
export function guardRequest(
  request: IncomingMessage,
  trackingId: string,
  { hostNames, proxies, sources }: GuardRules,
  ownPages: ReadonlySet<string> = NONE,
): Caller {
  const address = proxies.clientOf(request);
  const target = request.url ?? '';
  if (!target.startsWith('/') || target.startsWith('//'))
    throw createError('BAD_REQUEST', { message: 'the request target must be a path' });
  if (request.rawHeaders.length > 2 * MAX_HEADERS) throw createError('BAD_REQUEST', { message: `more than ${MAX_HEADERS} headers` });
  const twice = repeated(request.rawHeaders);
  if (twice === 'authorization' || CREDENTIAL_IN_QUERY.test(target)) throw createError('AMBIGUOUS_CREDENTIALS');
  if (twice) throw createError('BAD_REQUEST', { message: `the header ${twice} stands there twice` });
  const host = parseHost(request.headers.host ?? '')?.hostName;
  if (host === undefined || !hostNames.has(host)) throw createError('WRONG_HOST');
  // Web pages have one, and clients of ours never do. `Host` would be no measure: it says what the page wants.
  const { origin } = request.headers;
  if (origin !== undefined && !ownPages.has(origin)) throw createError('ORIGIN_DENIED');
  const source = sources.of(address, 'encrypted' in request.socket);
  return { authorization: request.headers.authorization, address, source, trackingId };
}

/**
 * True for a request that comes straight from this machine, by a name of the machine's own or of the hub's: neither a proxy nor a web
 * page, whose name may lead here, has a hand in it.
 */
export function isLocalRequest({ socket, headers }: IncomingMessage, hostNames: ReadonlySet<string>): boolean {
  const host = LOCAL_HOST.exec(headers.host ?? '')?.[1]?.toLowerCase();
  const isForwarded = FORWARDED.some((name) => headers[name] !== undefined);
  if (host === undefined || isForwarded || headers.origin !== undefined) return false;
  return isLoopback(socket.remoteAddress ?? '') && (host === 'localhost' || isLoopback(host) || hostNames.has(host));
}

function repeated(rawHeaders: readonly string[]): string | undefined {
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  return SINGLE.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
}

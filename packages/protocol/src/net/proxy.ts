// Which forward proxy leads to a hub: the client's option, or the variables that curl and others read. REST and WebSockets ask here alike.
import { isIPv4 } from 'node:net';
import { Secret } from '../credentials/redact.ts';
import { createError } from '../errors/kinds.ts';
import { hostOf, parseUrl } from '../wire/urls.ts';
import { parseNoProxy } from './no-proxy.ts';

/** A proxy that makes tunnels on CONNECT. */
export interface HttpProxy {
  /** The connection to the proxy itself is TLS. */
  readonly secure: boolean;
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host:port`, as errors show it. */
  readonly address: string;
  /** Value of the `Proxy-Authorization` header. */
  readonly authorization: Secret | undefined;
  /** The variable or option that names it. */
  readonly source: string;
}

/** The proxy on the way to a URL; `undefined`: none. */
export type ProxyFor = (url: URL) => HttpProxy | undefined;

/** What decides about proxies, strongest first. */
export interface ProxyOptions {
  /** URL of the proxy for every connection; `false`: never one. Default: the environment decides. */
  readonly proxy?: string | false | undefined;
  /** For `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in lower case too. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Lower case first, as everywhere; what is empty is not set. */
const VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];

/**
 * Reads the option or the environment, once.
 * @throws `STREAMS_INVALID_ARGUMENT` that names the option or variable and shows none of it: it may hold a password.
 */
export function createProxyFor({ proxy, env = process.env }: ProxyOptions): ProxyFor {
  if (proxy === false) return () => undefined;
  if (proxy !== undefined) {
    const chosen = parseProxy('proxy', proxy);
    return () => chosen;
  }
  const variable = VARIABLES.find((name) => env[name]?.trim());
  if (variable === undefined) return () => undefined;
  const found = parseProxy(variable, env[variable]);
  const isExempt = parseNoProxy(env['no_proxy'] || env['NO_PROXY'] || '');
  return (url) => (isLoopback(hostOf(url)) || isExempt(url) ? undefined : found);
}

function parseProxy(source: string, value: unknown): HttpProxy {
  const text = typeof value === 'string' ? value.trim() : '';
  // Without a scheme it is http, as with curl.
  const url = parseUrl(text.includes('://') ? text : `http://${text}`);
  const isBare = url !== undefined && ['', '/'].includes(url.pathname) && url.search === '' && url.hash === '';
  if (!isBare || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') return invalid(source);
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return { secure, host: hostOf(url), port, address: `${url.hostname}:${port}`, authorization: authorizationOf(url, source), source };
}

function authorizationOf({ username, password }: URL, source: string): Secret | undefined {
  if (username === '' && password === '') return undefined;
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return new Secret(`Basic ${Buffer.from(credentials).toString('base64')}`);
  } catch {
    return invalid(source);
  }
}

/** A machine's own services are not behind its proxy. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function invalid(source: string): never {
  const form = 'http://[user:password@]host[:port] or https://…, with special characters in user and password percent-encoded';
  throw createError('INVALID_ARGUMENT', { message: `${source}: expected ${form}`, details: { field: source } });
}

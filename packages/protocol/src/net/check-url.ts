// Where a stream URL may lead: the hub itself, or a host that the hub has published over verified TLS (design section 6).
import { createError } from '../errors/kinds.ts';

/**
 * Throws unless `url` is a bare `wss:` URL whose host and port are among `origins`.
 * @param origins `https://host[:port]` each: the hub's own first.
 * @throws `STREAMS_UNTRUSTED_ENDPOINT`
 */
export function checkStreamUrl(url: string, origins: readonly string[]): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'wss:') untrusted('is no wss: URL');
  if (parsed.username !== '' || parsed.password !== '') untrusted('carries a user name or password');
  if (parsed.hash !== '') untrusted('carries a fragment');
  if (!origins.some((origin) => isSameHost(parsed, origin))) untrusted(`leads to ${parsed.host}, which the hub has not published`);
  return parsed;
}

/** True if checkStreamUrl would fail for the host alone, so that asking the hub for its endpoints may help. */
export function isForeignHost(url: string, origins: readonly string[]): boolean {
  return URL.canParse(url) && !origins.some((origin) => isSameHost(new URL(url), origin));
}

function isSameHost(url: URL, origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const allowed = new URL(origin);
  return allowed.protocol === 'https:' && allowed.hostname === url.hostname && portOf(allowed) === portOf(url);
}

function portOf(url: URL): string {
  return url.port === '' ? '443' : url.port;
}

function untrusted(problem: string): never {
  throw createError('UNTRUSTED_ENDPOINT', { message: `the stream URL ${problem}` });
}

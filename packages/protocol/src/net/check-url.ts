// Where a stream URL may lead: the hub itself, or a host that the hub has published over verified TLS (design section 6).
import { createError } from '../errors/kinds.ts';
import { parseUrl, portOf } from '../wire/urls.ts';

/**
 * Throws unless `url` is a bare `wss:` URL whose host and port are among `origins`.
 * @param origins `https://host[:port]` each: the hub's own first.
 * @throws `STREAMS_UNTRUSTED_ENDPOINT`
 */
export function checkStreamUrl(url: string, origins: readonly string[]): URL {
  const parsed = parseUrl(url);
  if (parsed?.protocol !== 'wss:') untrusted('is no wss: URL');
  if (parsed.username !== '' || parsed.password !== '') untrusted('carries a user name or password');
  if (parsed.hash !== '') untrusted('carries a fragment');
  if (!origins.some((origin) => isSameHost(parsed, origin))) untrusted(`leads to ${parsed.host}, which the hub has not published`);
  return parsed;
}

/** True if checkStreamUrl would fail for the host alone, so that asking the hub for its endpoints may help. */
export function isForeignHost(url: string, origins: readonly string[]): boolean {
  const parsed = parseUrl(url);
  return parsed !== undefined && !origins.some((origin) => isSameHost(parsed, origin));
}

function isSameHost(url: URL, origin: string): boolean {
  const allowed = parseUrl(origin);
  return allowed !== undefined && allowed.protocol === 'https:' && allowed.hostname === url.hostname && portOf(allowed) === portOf(url);
}

function untrusted(problem: string): never {
  throw createError('UNTRUSTED_ENDPOINT', { message: `the stream URL ${problem}` });
}

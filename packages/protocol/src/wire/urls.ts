// Reading URLs of unknown origin.

/** The URL, or `undefined`. `URL.canParse` will not do: once hot, that of Node 20 refuses names beyond ASCII. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** The host alone: IPv6 without brackets, a name without the dot of the root. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$|\.$/g, '');
}

/** The port of an `https:` or `wss:` URL. */
export function portOf({ port }: URL): number {
  return port === '' ? 443 : Number(port);
}

// Reading URLs of unknown origin.

/** The URL, or `undefined`. `URL.canParse` will not do: once hot, that of Node 20 refuses names beyond ASCII. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

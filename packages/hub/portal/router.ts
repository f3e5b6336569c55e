// Where in the portal one is: the part of the address behind the `#`, such as `#/devices?prefix=pump-`. Nothing secret stands there.

/** A place. */
export interface Place {
  readonly view: string;
  readonly query: URLSearchParams;
}

/** Reads the part of an address behind the `#`. */
export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  return { view: path, query: new URLSearchParams(query) };
}

/** Writes it; what is empty is left out. */
export function formatPlace(view: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const asked = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '');
  const search = new URLSearchParams(asked).toString();
  return `#/${view}${search === '' ? '' : `?${search}`}`;
}

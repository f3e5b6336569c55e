// Which settings a running hub takes anew, and which wait for a restart.
import { isDeepStrictEqual } from 'node:util';

/** Sections whose settings count from a reload on; all others need a restart. */
const RELOADED: ReadonlySet<string> = new Set(['tls', 'policies', 'limits', 'resourceLog', 'drain']);

/** What a reload has changed. */
export interface Reloaded {
  /** Sections that are in force now. */
  readonly changed: readonly string[];
  /** Sections that differ, and count from the next start on. */
  readonly needsRestart: readonly string[];
}

/** @param name Of a setting or its section. */
export function isReloaded(name: string): boolean {
  return RELOADED.has(name.split('.', 1)[0] ?? '');
}

/** Which sections differ. */
export function changesBetween(before: object, after: object): Reloaded {
  const [old, next] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  const names = [...new Set([...old.keys(), ...next.keys()])].filter((name) => !isDeepStrictEqual(old.get(name), next.get(name)));
  return { changed: names.filter(isReloaded), needsRestart: names.filter((name) => !isReloaded(name)) };
}

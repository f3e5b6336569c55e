// Settings without the secrets among them.
import { SETTINGS } from './settings.ts';

const SECRETS: ReadonlySet<string> = new Set(SETTINGS.filter(({ isSecret }) => isSecret).map(({ name }) => name));
const HIDDEN = '***';

/** The same with `***` in the place of each secret. @param name Of the setting whose value it is; none for a tree of all. */
export function withoutSecrets(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((entry: unknown) => (SECRETS.has(name) ? HIDDEN : withoutSecrets(entry, `${name}[]`)));
  if (SECRETS.has(name)) return HIDDEN;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([part, entry]) => [part, withoutSecrets(entry, name === '' ? part : `${name}.${part}`)]),
  );
}

/** True if there is one in it. */
export function hasSecrets(tree: unknown): boolean {
  return JSON.stringify(withoutSecrets(tree)) !== JSON.stringify(tree);
}

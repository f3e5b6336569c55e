// What a running hub takes anew; all else waits for a restart.
import { createError } from '@streams/protocol/internal';
import { SETTINGS } from './settings.ts';
import { type HubOptions, optionFields } from './schema.ts';
import { problemsOf } from './problems.ts';

/** Options that count from a reload on. What is left out stays as it is. */
export type ReloadOptions = Partial<Pick<HubOptions, 'tls' | 'limits'>>;

/** Those of the options, and `drain`, which is looked at when a hub ends. */
const SECTIONS: ReadonlySet<string> = new Set<keyof ReloadOptions | 'drain'>(['tls', 'limits', 'drain']);

/** @param name Of a setting, or of its section. */
export function isReloaded(name: string): boolean {
  return SECTIONS.has(name.split('.', 1)[0] ?? '') && name !== 'tls.dataDirectory';
}

/** Those among a hub's options; one that is not there has its default again. */
export function reloadOptionsOf(options: Partial<HubOptions>): ReloadOptions {
  const { tls, limits = {} } = options;
  return tls === undefined ? { limits } : { tls, limits };
}

/** @throws `STREAMS_INVALID_ARGUMENT` for an option that is wrong, or that needs a restart. */
export function checkReload(options: ReloadOptions): void {
  const other = Object.keys(options).find((name) => !isReloaded(name));
  if (other !== undefined) invalid(other, 'needs a restart');
  const { error } = optionFields.partial().safeParse(options);
  const [problem] = problemsOf(error?.issues ?? [], SETTINGS);
  if (problem) invalid(problem.name, problem.text);
}

function invalid(field: string, problem: string): never {
  throw createError('INVALID_ARGUMENT', { message: `reload: ${field}: ${problem}`, details: { field } });
}

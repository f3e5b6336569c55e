// What is wrong with settings, each with its path and the remedy; no value is shown, since it may be a secret.
import type { z } from 'zod';
import { expectationOf, type Setting } from './catalog.ts';

/** One thing that is wrong. */
export interface Problem {
  /** Such as `limits.maxStreams`, or `policies[0].keys[1]`. */
  readonly name: string;
  readonly path: readonly PropertyKey[];
  /** What is wrong, and the remedy. */
  readonly text: string;
}

type Issue = z.core.$ZodIssue;

export const MISSING = 'is missing';
/** Texts of zod's own, which speak of types rather than of what to do. */
const ZODS_OWN = /^(?:Invalid input|Invalid option|Too small|Too big|Unrecognized key)/;

/** All that zod has found. */
export function problemsOf(issues: readonly Issue[], settings: readonly Setting[]): Problem[] {
  return issues.flatMap((issue) => explain(issue, settings));
}

/** A path as people write it. */
export function nameOf(path: readonly PropertyKey[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`)).join('');
}

/** `there is no such setting`, and which one was meant. */
function unknownSetting(name: string, settings: readonly Setting[]): string {
  const names = settings.map((setting) => setting.name);
  const section = name.slice(0, name.lastIndexOf('.') + 1);
  const siblings = names.filter((other) => other.startsWith(section) && !/[.[]/.test(other.slice(section.length)));
  const elsewhere = names.filter((other) => lastOf(other).toLowerCase() === lastOf(name).toLowerCase());
  const meant = nearest(name, siblings) ?? elsewhere[0];
  if (meant !== undefined) return `there is no such setting; did you mean ${meant}?`;
  return `there is no such setting; there are ${siblings.join(', ')}`;
}

/** The one of these that a slip of the fingers may have made of it. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(lastOf(word).length / 3));
  const near = candidates.map((candidate) => ({ candidate, slips: slipsBetween(word.toLowerCase(), candidate.toLowerCase()) }));
  return near.filter(({ slips }) => slips <= most).sort((one, other) => one.slips - other.slips)[0]?.candidate;
}

function explain(issue: Issue, settings: readonly Setting[]): Problem[] {
  const { path } = issue;
  const name = nameOf(path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const unknown = [...path, key];
      const found = unknownSetting(templateOf(unknown), settings);
      return { name: nameOf(unknown), path: unknown, text: found };
    });
  }
  if (issue.code === 'invalid_union') {
    const meant = closest(issue.errors);
    if (meant)
      return problemsOf(
        meant.map((inner) => ({ ...inner, path: [...path, ...inner.path] })),
        settings,
      );
  }
  return [{ name: name || 'options', path, text: textOf(issue, settings) }];
}

/** The alternative of a union that knows most of the names, where it is one alone. */
function closest(alternatives: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const ranked = alternatives
    .filter((issues) => issues.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'))
    .map((issues) => ({ issues, strangers: issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : [])).length }))
    .sort((one, other) => one.strangers - other.strangers);
  const [first, second] = ranked;
  return first?.strangers === second?.strangers ? undefined : first?.issues;
}

function textOf({ code, path, message }: Issue, settings: readonly Setting[]): string {
  if (code === 'custom' || !ZODS_OWN.test(message)) return message;
  if (message.endsWith('received undefined')) return MISSING;
  const name = templateOf(path);
  const setting = settings.find((other) => other.name === name);
  const entries = settings.find((other) => `${other.name}[]` === name)?.takes.flatMap(({ items }) => (items ? [items] : []));
  const takes = path.length === 0 ? [] : (setting?.takes ?? entries);
  if (takes && (code === 'too_small' || code === 'too_big') && takes.some(({ type }) => type === 'array' || type === 'string')) {
    return message.replace(/^Too (?:small|big): expected (?:array|string) to have/, 'expected');
  }
  return takes ? `expected ${expectationOf(takes)}` : message;
}

/** The name of the setting that a path leads to. */
function templateOf(path: readonly PropertyKey[]): string {
  return nameOf(path).replaceAll(/\[\d+\]/g, '[]');
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** Letters added, left out, replaced or swapped with their neighbour. */
function slipsBetween(one: string, other: string): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row += 1) {
    const present = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const replaced = (last[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1);
      const isSwap = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      const swapped = isSwap ? (beforeLast[column - 2] ?? 0) + 1 : replaced;
      present.push(Math.min(replaced, swapped, (last[column] ?? 0) + 1, (present[column - 1] ?? 0) + 1));
    }
    [beforeLast, last] = [last, present];
  }
  return last[other.length] ?? 0;
}

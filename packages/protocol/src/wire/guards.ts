// The hand-written guards under every decoder: each names the path of what is wrong, and builds a fresh value.
import { createError } from '../errors/kinds.ts';

/** A JSON object of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Throws `STREAMS_BAD_REQUEST` that names the path, what belongs there and what was found. */
export function fail(path: string, expected: string, found: unknown): never {
  throw createError('BAD_REQUEST', {
    message: `${path}: expected ${expected}, found ${describeValue(found)}`,
    details: { path, expected },
  });
}

/** Parses JSON text into an object. */
export function parseObject(text: string, path: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    fail(path, 'JSON', text);
  }
  return asObject(value, path);
}

export function asObject(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'an object', value);
  return value as Fields;
}

/** A string of bounded length, with a pattern where it has one. */
export function asString(value: unknown, path: string, maxCharacters: number, pattern?: RegExp): string {
  if (typeof value !== 'string') fail(path, 'a string', value);
  if (value.length > maxCharacters) fail(path, `at most ${maxCharacters} characters`, value);
  if (pattern && !pattern.test(value)) fail(path, `text that matches ${pattern.source}`, value);
  return value;
}

export function asInteger(value: unknown, path: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    fail(path, `an integer from ${least} to ${most}`, value);
  }
  return value;
}

export function asBoolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') fail(path, 'true or false', value);
  return value;
}

/** A list of strings, bounded in number and length. */
export function asStrings(value: unknown, path: string, maxEntries: number, maxCharacters: number, pattern?: RegExp): string[] {
  if (!Array.isArray(value)) fail(path, 'a list', value);
  if (value.length > maxEntries) fail(path, `at most ${maxEntries} entries`, value);
  return value.map((entry, index) => asString(entry, `${path}[${index}]`, maxCharacters, pattern));
}

/** Applies `guard` unless the field is absent. */
export function optional<T>(value: unknown, guard: (present: unknown) => T): T | undefined {
  return value === undefined ? undefined : guard(value);
}

/** Says what a value is without showing what could be a secret. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return `a string of ${value.length} characters`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a value of type ${typeof value}`;
}

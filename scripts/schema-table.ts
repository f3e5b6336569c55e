// Reference tables of the docs from a zod schema: `z.toJSONSchema(schema, { io: 'input' })` in, rows and markdown out.
// A page holds what is generated between two marks; its test compares, and writes it with UPDATE_DOCS=1.
import { readFileSync, writeFileSync } from 'node:fs';

/** As much of a JSON Schema as zod makes of options. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  /** Whatever `meta` has added. */
  readonly [key: string]: unknown;
}

/** One option. */
export interface OptionRow {
  /** Such as `limits.maxStreams`, or `policies[].name`. */
  readonly path: string;
  /** What it may be, in words. */
  readonly values: string;
  /** In JSON; empty where there is none. */
  readonly fallback: string;
  readonly description: string;
  readonly schema: JsonSchema;
}

/** All options below `path`, in the order of the schema; those of objects in a union or a list one by one. */
export function optionRows(schema: JsonSchema, path = ''): OptionRow[] {
  const inner = innerOf(schema).flatMap((object) => Object.entries(object.properties ?? {}));
  if (inner.length === 0) return path === '' ? [] : [rowOf(schema, path)];
  const parent = schema.type === 'array' ? `${path}[]` : path;
  const own = path !== '' && schema.description !== undefined ? [rowOf(schema, path)] : [];
  const names = new Map(inner.map(([name, property]) => [parent === '' ? name : `${parent}.${name}`, property]));
  return [...own, ...[...names].flatMap(([name, property]) => optionRows(property, name))];
}

/** A markdown table. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => '---'), ...rows].map(
    (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`,
  );
  return lines.join('\n');
}

/** What stands between the marks `<!-- generated: name -->` and `<!-- end -->` of a page, and what should; writes it where UPDATE_DOCS is set. */
export function generatedPart(file: URL, name: string, wanted: string): { readonly found: string; readonly wanted: string } {
  const page = readFileSync(file, 'utf8');
  const [before, rest = ''] = page.split(`<!-- generated: ${name} -->\n\n`);
  const at = rest.indexOf('\n\n<!-- end -->');
  const found = rest.slice(0, at);
  if (process.env['UPDATE_DOCS'] === undefined || found === wanted) return { found, wanted };
  writeFileSync(file, `${before}<!-- generated: ${name} -->\n\n${wanted}${rest.slice(at)}`);
  return { found: wanted, wanted };
}

function innerOf(schema: JsonSchema): JsonSchema[] {
  if (schema.properties) return [schema];
  if (schema.items) return innerOf(schema.items);
  return (schema.anyOf ?? []).flatMap(innerOf);
}

function rowOf(schema: JsonSchema, path: string): OptionRow {
  const fallback = schema.default === undefined ? '' : JSON.stringify(schema.default);
  return { path, values: valuesOf(schema), fallback, description: schema.description ?? '', schema };
}

function valuesOf({ type, const: only, enum: some, minimum, maximum, items, anyOf }: JsonSchema): string {
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  if (some) return some.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if (anyOf) return anyOf.map(valuesOf).toSorted(numbersFirst).join(', or ');
  if (minimum !== undefined && maximum !== undefined) return `${minimum.toLocaleString('en')} to ${maximum.toLocaleString('en')}`;
  if (type === 'array') return items ? `list of: ${valuesOf(items)}` : 'list';
  return { string: 'text', boolean: '`true` or `false`', integer: 'whole number', number: 'number', object: 'object' }[type ?? ''] ?? 'any';
}

function numbersFirst(a: string, b: string): number {
  return Number(/^\d/.test(b)) - Number(/^\d/.test(a));
}

// Every setting that a schema has: its path, what it takes, what it means. Read from the schema itself, so that there is no second list.
import { z } from 'zod';

/** As much of JSON Schema as zod writes for settings. */
export interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly description?: string;
  readonly default?: unknown;
  readonly additionalProperties?: JsonSchema | boolean;
}

/** A setting, or a section of settings. */
export interface Setting {
  /** Such as `limits.maxStreams`, `policies[].name` for what a list holds, `….*.…` where names are free. */
  readonly name: string;
  /** The parts of the name; absent below a list, since no variable and no flag leads there. */
  readonly path: readonly string[] | undefined;
  /** What it takes: one alternative, or several. Empty for a mere section. */
  readonly takes: readonly JsonSchema[];
  /** Names that exclude each other stand in different sets. */
  readonly alternatives: readonly ReadonlySet<string>[];
  readonly description: string;
  readonly default: unknown;
  /** The value is not to be shown. By its name, so that none is forgotten. */
  readonly isSecret: boolean;
}

const SECRET = /(?:^|\.)(?:keys?|secrets?|tokens?|passwords?)$/i;
const SAFE = Number.MAX_SAFE_INTEGER;

/** All settings of a schema, in its order, sections before what they hold. */
export function settingsOf(schema: z.ZodType): Setting[] {
  return [...below(jsonSchemaOf(schema), [], '')];
}

/** The names of a schema's fields that JSON cannot say, such as a logger. */
export function programFields(schema: z.ZodObject): string[] {
  const known = new Set(['description', 'default']);
  const fields = Object.entries(jsonSchemaOf(schema).properties ?? {});
  return fields.filter(([, field]) => Object.keys(field).every((word) => known.has(word))).map(([name]) => name);
}

/** In words for people: `a whole number from 1 to 10`. */
export function expectationOf(takes: readonly JsonSchema[]): string {
  return takes.map(expected).join(', or ') || 'an object';
}

/** The environment variable of a setting that has a path. */
export function variableOf(path: readonly string[]): string {
  return `STREAMS_HUB_${path.map((part) => part.replaceAll(/(?<=[a-z0-9])[A-Z]/g, '_$&').toUpperCase()).join('_')}`;
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

function* below(section: JsonSchema, path: readonly string[] | undefined, prefix: string): Generator<Setting> {
  for (const [name, field] of fieldsOf(section)) {
    const full = `${prefix}${name}`;
    const setting = settingOf(full, path && [...path, name], field);
    yield setting;
    yield* below(field, setting.path, `${full}.`);
    if (field.items) yield* below(field.items, undefined, `${full}[].`);
    if (typeof field.additionalProperties === 'object') yield* below(field.additionalProperties, undefined, `${full}.*.`);
  }
}

function settingOf(name: string, path: readonly string[] | undefined, field: JsonSchema): Setting {
  const sections = variantsOf(field).flatMap(({ properties }) => (properties ? [new Set(Object.keys(properties))] : []));
  return {
    name,
    path,
    takes: variantsOf(field).filter(({ properties }) => properties === undefined),
    alternatives: sections.length > 1 ? sections : [],
    description: field.description ?? '',
    default: field.default,
    isSecret: SECRET.test(name),
  };
}

function variantsOf(field: JsonSchema): readonly JsonSchema[] {
  return field.anyOf ?? [field];
}

/** Of all alternatives together. */
function fieldsOf(section: JsonSchema): [string, JsonSchema][] {
  return Object.entries(Object.assign({}, ...variantsOf(section).map(({ properties = {} }) => properties)) as Record<string, JsonSchema>);
}

function expected(take: JsonSchema): string {
  if (take.const !== undefined) return JSON.stringify(take.const);
  if (take.enum) return `one of ${take.enum.map(String).join(', ')}`;
  switch (take.type) {
    case 'integer':
      return `a whole number${rangeOf(take)}`;
    case 'number':
      return `a number${rangeOf(take)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return take.items?.enum ? `a list of ${take.items.enum.join(', ')}` : 'a list';
    case 'string':
      return 'text';
    default:
      return 'an object';
  }
}

function rangeOf({ minimum, exclusiveMinimum, maximum, type }: JsonSchema): string {
  const from = exclusiveMinimum !== undefined && type === 'integer' ? exclusiveMinimum + 1 : minimum;
  const [least, most] = [from === -SAFE ? undefined : from, maximum === SAFE ? undefined : maximum];
  const text = (value: number): string => value.toLocaleString('en-US');
  if (least !== undefined && most !== undefined) return ` from ${text(least)} to ${text(most)}`;
  if (least !== undefined) return ` from ${text(least)}`;
  return most === undefined ? '' : ` up to ${text(most)}`;
}

// Settings from environment variables: each text becomes what its setting takes.
import { expectationOf, type JsonSchema, type Setting, variableOf } from './catalog.ts';
import { nearest } from './problems.ts';

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting of one source. */
export interface Given {
  readonly path: readonly string[];
  readonly value: unknown;
  /** The variable or the flag. */
  readonly source: string;
}

/** A variable that cannot be taken. */
export interface BadVariable {
  readonly source: string;
  readonly text: string;
}

/** Names the file. */
export const CONFIG_VARIABLE = 'STREAMS_HUB_CONFIG';
const PREFIX = 'STREAMS_HUB_';
/** Kubernetes tells every container of a service `streams-hub` in these. */
const OF_KUBERNETES = /^STREAMS_HUB_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

/** What the variables say. One that is empty is one that is not set. */
export function fromEnvironment(environment: Environment, settings: readonly Setting[]): { given: Given[]; bad: BadVariable[] } {
  const byVariable = new Map(
    settings.flatMap((setting) => (setting.path && setting.takes.length > 0 ? [[variableOf(setting.path), setting]] : [])),
  );
  const given: Given[] = [];
  const bad: BadVariable[] = [];
  for (const [source, text = ''] of Object.entries(environment)) {
    if (!source.startsWith(PREFIX) || text === '' || source === CONFIG_VARIABLE || OF_KUBERNETES.test(source)) continue;
    const setting = byVariable.get(source);
    if (setting?.path) {
      const value = readText(text, setting.takes);
      if (value === undefined) bad.push({ source, text: `${setting.name}: expected ${expectationOf(setting.takes)} as JSON` });
      else given.push({ path: setting.path, value, source });
    } else {
      const meant = nearest(source, [...byVariable.keys()]);
      bad.push({
        source,
        text: `there is no such variable${meant === undefined ? '; docs/configuration.md has them all' : `; did you mean ${meant}?`}`,
      });
    }
  }
  return { given, bad };
}

/** The value of a text; `undefined` for bad JSON. What is not as expected stays text, and is found when all is checked. */
function readText(text: string, takes: readonly JsonSchema[]): unknown {
  for (const take of takes) {
    const value = readAs(text, take);
    if (value !== text) return value;
  }
  return text;
}

function readAs(text: string, { type, items }: JsonSchema): unknown {
  switch (type) {
    case 'integer':
    case 'number':
      return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
    case 'boolean':
      return { true: true, false: false }[text] ?? text;
    case 'string':
      return text;
    case 'array':
      return items?.properties || text.startsWith('[') ? parsed(text) : text.split(',').map((entry) => entry.trim());
    default:
      return parsed(text);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

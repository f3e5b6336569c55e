// The settings of a hub process from a JSON file, the environment and flags: checked, and each with where it comes from.
import { open } from 'node:fs/promises';
import { createError, privacyProblem } from '@streams/protocol/internal';
import type { DrainOptions } from '../drain.ts';
import type { ListenOptions } from '../http/listener.ts';
import { CONFIG_VARIABLE, type Environment, fromEnvironment, type Given } from './environment.ts';
import { Layers } from './layers.ts';
import { MISSING, nameOf, problemsOf } from './problems.ts';
import { isReloaded, type ReloadOptions, reloadOptionsOf } from './reload.ts';
import type { HubOptions } from './schema.ts';
import { hasSecrets, withoutSecrets } from './secrets.ts';
import { SETTINGS, settingsSchema } from './settings.ts';

/** Where settings come from; each of them beats those above it. */
export interface ConfigSources {
  /** A JSON file. Default: the one that `STREAMS_HUB_CONFIG` names, if that is set. */
  readonly file?: string | undefined;
  /** Variables `STREAMS_HUB_…`. Default: those of the process. */
  readonly environment?: Environment | undefined;
  /** Whatever else the program takes, such as the options of its command line. */
  readonly flags?: readonly FlagValue[] | undefined;
}

/** A setting from a command line. */
export interface FlagValue {
  /** As people type it, for errors. */
  readonly flag: string;
  /** Of the setting, such as `['listen', 'port']`. */
  readonly path: readonly string[];
  /** `undefined`: it was not given. */
  readonly value: unknown;
}

/** A setting that has a value. */
export interface SettingInForce {
  /** Such as `listen.port`. */
  readonly name: string;
  /** With `***` in the place of secrets. */
  readonly value: unknown;
  /** The file, the variable or the flag; `default` where nobody has given it. */
  readonly from: string;
  /** Whether a running hub takes it anew; else it counts from the next start on. */
  readonly isReloaded: boolean;
}

/** The settings of a hub process. */
export interface HubConfig {
  /** For {@link createHub}: what was given, and no more. */
  readonly options: Partial<HubOptions>;
  /** For `hub.reload`. */
  readonly reloadOptions: ReloadOptions;
  readonly dataDirectory: string | undefined;
  /** For `hub.listen`. */
  readonly listen: ListenOptions;
  /** For `hub.drain`. */
  readonly drain: DrainOptions;
  /** Each setting that has a value. */
  readonly inForce: readonly SettingInForce[];
}

/** Something wrong, and the file, variable or flag that is to be put right. */
interface LocatedProblem {
  readonly source: string;
  readonly text: string;
}

/**
 * Reads and checks the settings of a hub process, those of docs/configuration.md.
 * @throws `STREAMS_INVALID_CONFIGURATION` that says all that is wrong: where, at which path, and the remedy. `STREAMS_INVALID_ARGUMENT`
 * if only flags are wrong. No value is shown.
 */
export async function loadHubConfig(sources: ConfigSources = {}): Promise<HubConfig> {
  const { environment = process.env, flags = [] } = sources;
  const file = sources.file ?? (environment[CONFIG_VARIABLE] || undefined);
  const layers = new Layers(file === undefined ? {} : await readTree(file), file, SETTINGS);
  const { given, bad } = fromEnvironment(environment, SETTINGS);
  const typed = flags.flatMap(({ flag: source, path, value }): Given[] => (value === undefined ? [] : [{ source, path, value }]));
  for (const one of [...given, ...typed]) layers.put(one);
  const { error } = settingsSchema.safeParse(layers.tree);
  const wrong = problemsOf(error?.issues ?? [], SETTINGS);
  const located = wrong.map(({ name, path, text }): LocatedProblem => {
    const other = text === MISSING ? flags.find((flag) => nameOf(flag.path) === name)?.flag : undefined;
    const source = layers.sourceOf(path) ?? 'configuration';
    return { source, text: `${name}: ${text}${other === undefined ? '' : `; give ${other} too`}` };
  });
  refuse([...bad, ...located], flags);
  const { dataDirectory, listen = {}, drain = {}, ...options } = layers.tree as Partial<HubConfig> & HubOptions;
  return { options, reloadOptions: reloadOptionsOf(options), dataDirectory, listen, drain, inForce: inForce(layers) };
}

function inForce(layers: Layers): SettingInForce[] {
  return SETTINGS.flatMap(({ name, path, takes, alternatives, default: ofSchema }) => {
    const given = path && layers.get(path);
    const isSection = takes.length === 0 || (alternatives.length > 0 && typeof given === 'object');
    if (!path || isSection || (given ?? ofSchema) === undefined) return [];
    const from = given === undefined ? 'default' : (layers.sourceOf(path) ?? 'default');
    return [{ name, value: withoutSecrets(given ?? ofSchema, name), from, isReloaded: isReloaded(name) }];
  });
}

function refuse(problems: readonly LocatedProblem[], flags: readonly FlagValue[]): void {
  if (problems.length === 0) return;
  const message = problems.map(({ source, text }) => `${source}: ${text}`).join('; ');
  const areTyped = problems.every(({ source }) => flags.some(({ flag }) => flag === source));
  throw createError(areTyped ? 'INVALID_ARGUMENT' : 'INVALID_CONFIGURATION', { message, details: { problems } });
}

/** @throws `STREAMS_INVALID_CONFIGURATION` for one that cannot be read, is no JSON, or shows secrets to others. */
async function readTree(file: string): Promise<unknown> {
  const { text, mode } = await readWhole(file);
  const tree = parse(file, text);
  const exposed = hasSecrets(tree) ? privacyProblem(file, mode, 'group') : undefined;
  if (exposed !== undefined) fail(file, `${exposed}; it holds secrets`);
  return tree;
}

async function readWhole(file: string): Promise<{ text: string; mode: number }> {
  try {
    await using handle = await open(file);
    return { text: await handle.readFile('utf8'), mode: (await handle.stat()).mode };
  } catch (cause) {
    return fail(file, `cannot be read (${(cause as NodeJS.ErrnoException).code ?? (cause as Error).message})`);
  }
}

/** A parser's message can show a part of the text, which may be a key: of it the place alone is told. */
function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const at = /at position (\d+)/.exec((cause as Error).message)?.[1];
    const before = text.slice(0, Number(at ?? 0)).split('\n');
    return fail(file, `is no JSON${at === undefined ? '' : `: look at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`}`);
  }
}

function fail(file: string, problem: string): never {
  throw createError('INVALID_CONFIGURATION', { message: `${file}: ${problem}`, details: { file } });
}

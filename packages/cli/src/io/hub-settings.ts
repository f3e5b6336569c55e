// The settings of a hub process, with what this machine adds: names, the data directory, and the CA in it.
import { resolve } from 'node:path';
import type { DrainOptions, HubOptions, ListenOptions, PolicyOptions, ReloadOptions, SettingInForce } from '@streams/hub';
import { defaultDataDirectory } from './data-directory.ts';
import { flagValues, type HubFlags } from './hub-flags.ts';
import { hubNames } from './host-names.ts';

/** See the top of this file. */
export interface HubSettings {
  readonly options: Omit<HubOptions, 'policies'>;
  readonly reloadOptions: ReloadOptions;
  /** Of the configuration, beside those of the data directory. */
  readonly policies: readonly PolicyOptions[];
  readonly dataDirectory: string;
  readonly listen: ListenOptions;
  readonly drain: DrainOptions;
  /** Each setting that has a value, without secrets. */
  readonly inForce: readonly SettingInForce[];
}

/** @throws `STREAMS_INVALID_CONFIGURATION`, `STREAMS_INVALID_ARGUMENT` for what is wrong. */
export async function readHubSettings(typed: HubFlags): Promise<HubSettings> {
  const { loadHubConfig } = await import('@streams/hub');
  const config = await loadHubConfig({ file: typed.config, flags: flagValues(typed) });
  const dataDirectory = resolve(config.dataDirectory ?? defaultDataDirectory());
  const hostNames = await hubNames({ hostName: config.options.hostNames, listen: config.listen.host });
  const { policies = [], tls = { dataDirectory }, ...others } = config.options;
  const added = { dataDirectory, hostNames, ...(config.options.tls === undefined ? { 'tls.dataDirectory': dataDirectory } : {}) };
  return { ...config, options: { ...others, hostNames, tls }, policies, dataDirectory, inForce: withAdded(config.inForce, added) };
}

/** The settings as a file has them. */
export function asTree(inForce: readonly SettingInForce[]): object {
  const tree: Record<string, unknown> = {};
  for (const { name, value } of inForce) {
    const path = name.split('.');
    const last = path.pop() ?? name;
    const section = path.reduce((outer, part) => (outer[part] ??= {}) as Record<string, unknown>, tree);
    section[last] = value;
  }
  return tree;
}

/** What this machine adds to a setting is from where the setting is. */
function withAdded(inForce: readonly SettingInForce[], added: Readonly<Record<string, unknown>>): SettingInForce[] {
  const more = Object.entries(added).map(([name, value]) => {
    const { from = 'default', isReloaded = false } = inForce.find((setting) => setting.name === name) ?? {};
    return { name, value, from, isReloaded };
  });
  return [...more, ...inForce.filter(({ name }) => !(name in added))];
}

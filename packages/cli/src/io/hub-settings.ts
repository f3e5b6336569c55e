// The settings of a hub process, with what this machine adds: names, the data directory, and the CA in it.
import { join, resolve } from 'node:path';
import type { DrainOptions, HubOptions, ListenOptions, ReloadOptions, SettingInForce } from '@streams/hub';
import { createError } from '@streams/protocol/internal';
import { defaultDataDirectory } from './data-directory.ts';
import { flagValues, type HubFlags } from './hub-flags.ts';
import { hubNames } from './host-names.ts';

/** See the top of this file. */
export interface HubSettings {
  readonly options: Omit<HubOptions, 'policies'>;
  readonly reloadOptions: ReloadOptions;
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
  const { policies, tls = { dataDirectory }, resourceLog, ...others } = config.options;
  if (policies !== undefined) throw policiesElsewhere();
  const logs = join(dataDirectory, 'logs');
  const added = { dataDirectory, hostNames, ...(config.options.tls === undefined ? { 'tls.dataDirectory': dataDirectory } : {}) };
  return {
    ...config,
    options: { ...others, hostNames, tls, resourceLog: { directory: logs, ...resourceLog } },
    dataDirectory,
    inForce: withAdded(config.inForce, added),
  };
}

function policiesElsewhere(): Error {
  const message = 'policies: they stand in the data directory, where they can be changed while the hub runs';
  const details = { remedy: 'take them out of the configuration, and make them with `streams policies create`' };
  return createError('INVALID_CONFIGURATION', { message, details });
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

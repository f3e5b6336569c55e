// `streams hub config`: the settings that are in force in a hub of this machine, or would be, without its secrets.
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { SettingInForce } from '@streams/hub';
import { defaultDataDirectory, readRunningHub } from '../io/data-directory.ts';
import { FLAGS, type HubFlags, withHubFlags } from '../io/hub-flags.ts';
import { asTree, readHubSettings } from '../io/hub-settings.ts';
import { type OutputOptions, printLine, table, tellPerson } from '../io/output.ts';

const HELP = `
Settings come from the file, the environment (STREAMS_HUB_…) and the options, the later ones above; secrets are shown as ***.
Without options but --data, and where a hub runs in that directory, they are those of that hub.

Examples:
  $ streams hub config
  $ streams hub config --config /etc/streams/hub.json --origin`;

interface ConfigOptions extends HubFlags, OutputOptions {
  readonly origin?: boolean | undefined;
}

export function hubConfigCommand(): Command {
  return withHubFlags(new Command('config'))
    .description('show the settings of a hub as JSON, as a file for --config has them')
    .option('--origin', 'one a line, each with where it comes from')
    .option('--json', 'print JSON, with --origin too')
    .addHelpText('after', HELP)
    .action((options: ConfigOptions) => showConfig(options));
}

async function showConfig(options: ConfigOptions): Promise<void> {
  const settings = (await ofRunningHub(options)) ?? (await readHubSettings(options)).inForce;
  printLine(textOf(settings, options));
}

function textOf(settings: readonly SettingInForce[], { origin, json }: ConfigOptions): string {
  if (!origin) return JSON.stringify(asTree(settings), undefined, json ? 0 : 2);
  if (json) return JSON.stringify(Object.fromEntries(settings.map(({ name, value, from }) => [name, { value, from }])));
  return table([['SETTING', 'VALUE', 'FROM'], ...settings.map(({ name, value, from }) => [name, JSON.stringify(value), from])]);
}

/** Unless somebody asks what would be. */
async function ofRunningHub(options: ConfigOptions): Promise<readonly SettingInForce[] | undefined> {
  const asks = FLAGS.some(({ option }) => option !== 'data' && options[option] !== undefined) || options.config !== undefined;
  const directory = resolve(options.data ?? defaultDataDirectory());
  const hub = asks ? undefined : await readRunningHub(directory);
  if (!hub || !runs(hub.pid)) return undefined;
  tellPerson(`streams: in force in the hub of ${directory}, process ${hub.pid}`);
  return hub.settings;
}

/** One that was killed leaves its file behind. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

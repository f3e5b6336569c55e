// `streams hub install`: writes and prints a systemd unit for `streams hub start`.
import { Command } from 'commander';
import { type HubInstallOptions, nextHubCommands, planHubInstall } from '../install/hub-plan.ts';
import { hubUnitText } from '../install/hub-unit.ts';
import { type UnitOptions, writeUnit } from '../install/write-unit.ts';
import { portOption } from '../io/port-option.ts';

const HELP = `
The unit runs the Node and the streams that run now, as a user of its own with its data in /var/lib/streams. What --config names is
read again by \`systemctl reload\`. The environment is set by \`systemctl edit\`, as Environment= or EnvironmentFile=.

Examples:
  $ sudo streams hub install --host-name hub.example.com --port 443
  $ streams hub install --config /etc/streams/hub.json --print`;

export function hubInstallCommand(): Command {
  return new Command('install')
    .description('write a hardened systemd unit for `streams hub start`')
    .option('--config <file>', 'the configuration of the hub')
    .option('--port <number>', 'where to listen', portOption)
    .option('--host-name <name...>', 'names of the hub; the first goes into connection strings')
    .option('--print', 'print the unit, and write nothing')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action((options: HubInstallOptions & UnitOptions) => installHub(options));
}

async function installHub(options: HubInstallOptions & UnitOptions): Promise<void> {
  const plan = planHubInstall(options);
  await writeUnit(
    { file: plan.file, text: hubUnitText(plan), next: nextHubCommands(plan) },
    options,
    'run it with sudo, or give --print to look at the unit',
  );
}

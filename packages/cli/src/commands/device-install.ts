// `streams device install`: writes and prints a systemd unit for `streams device proxy`, for the system or for a user.
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { inFile, readConfig } from '../io/proxy-config.ts';
import { serviceOption } from '../io/service-option.ts';
import { type InstallOptions, nextCommands, planInstall } from '../install/device-plan.ts';
import { unitText } from '../install/device-unit.ts';
import { type UnitOptions, writeUnit } from '../install/write-unit.ts';

const HELP = `
The unit runs the Node and the streams that run now. It reads the connection string from a file, which you put there: root's alone
for the system. An HTTPS_PROXY or STREAMS_CA_FILE it gets by \`systemctl edit\`, as Environment= or EnvironmentFile=.

Examples:
  $ sudo streams device install --service ssh=127.0.0.1:22
  $ streams device install --user --config ~/proxy.json --print`;

type Options = InstallOptions & UnitOptions;

export function deviceInstallCommand(): Command {
  return new Command('install')
    .description('write a hardened systemd unit for `streams device proxy`')
    .option('--service <name=host:port>', 'a service, and where it is; may be given again', serviceOption)
    .option('--config <file>', 'the configuration of the device proxy, instead of --service')
    .option('--connection-string-file <file>', 'default: /etc/streams/connection-string, with --user ~/.config/streams/connection-string')
    .option('--user', 'for your own account, instead of the system')
    .option('--print', 'print the unit, and write nothing')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action((options: Options) => installDevice(options));
}

async function installDevice(options: Options): Promise<void> {
  const plan = planInstall(options);
  // One that is only printed may be for another machine.
  if (!options.print) checkConfig(options.config);
  const next = nextCommands(plan, existsSync(plan.connectionStringFile));
  const otherwise = 'run it with sudo, or give --user, or --print to look at the unit';
  await writeUnit({ file: plan.file, text: unitText(plan), next }, options, otherwise);
}

/** Better now than in the journal of a service that starts again and again. */
function checkConfig(file: string | undefined): void {
  if (file !== undefined) inFile(file, () => readConfig(file));
}

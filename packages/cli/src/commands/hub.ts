// `streams hub`: start a hub, configure one, show one.
import { Command } from 'commander';
import { type CredentialOptions, withCredentials, withService } from '../io/credentials.ts';
import { withHubFlags } from '../io/hub-flags.ts';
import { hubConfigCommand } from './hub-config.ts';
import { hubInstallCommand } from './hub-install.ts';
import { printLine } from '../io/output.ts';
import { type HubStartOptions, startHub } from './hub-start.ts';

const START_HELP = `
The first start makes a CA, a certificate and two keys in the data directory; keep a backup of it.
The hub's log goes to standard error as JSON lines; on a terminal only its warnings, unless --log is given.

Examples:
  $ streams hub start
  $ streams hub start --host-name hub.example.com --port 443 --data /var/lib/streams
  $ streams hub start --config /etc/streams/hub.json`;
const SHOW_HELP = `
Example:
  $ streams hub show
  {"hostName":"hub.example.com","streamingEndpoints":["https://hub.example.com"]}`;

export function hubCommand(): Command {
  const start = withHubFlags(new Command('start'))
    .description('run a hub, until SIGTERM or SIGINT')
    .option('--log', "the hub's whole log on a terminal too")
    .option('--quiet', 'do not print what to type next, which has a secret in it')
    .option('--json', 'print JSON once the hub is ready')
    .option('--allow-debugger', 'start although a debugger could be attached (`--inspect`): whoever reaches its port owns the hub')
    .addHelpText('after', START_HELP)
    .action((options: HubStartOptions) => startHub(options));
  const show = withCredentials(new Command('show'), 'service')
    .description('show the name of a hub, and where its streams lead, as JSON')
    .option('--json', 'print JSON, as it does in any case')
    .addHelpText('after', SHOW_HELP)
    .action((options: CredentialOptions) => showHub(options));
  const hub = new Command('hub').description('run a hub, or look at one').addHelpText('after', '\nExample:\n  $ streams hub start');
  for (const command of [start, hubConfigCommand(), hubInstallCommand(), show]) hub.addCommand(command);
  return hub;
}

async function showHub(options: CredentialOptions): Promise<void> {
  const { hostName, streamingEndpoints } = await withService(options, (service) => service.hub());
  printLine(JSON.stringify({ hostName, streamingEndpoints }));
}

// `streams hub`: start a hub, show one.
import { Command, InvalidArgumentError } from 'commander';
import { type CredentialOptions, withCredentials, withService } from '../io/credentials.ts';
import { portOption } from '../io/port-option.ts';
import { hubInstallCommand } from './hub-install.ts';
import { type HubStartOptions, startHub } from './hub-start.ts';

const START_HELP = `
The first start makes a CA, a certificate and two keys in the data directory; keep a backup of it.
The hub's log goes to standard error as JSON lines; on a terminal only its warnings, unless --log is given.

Examples:
  $ streams hub start
  $ streams hub start --host-name hub.example.com --port 443 --data /var/lib/streams`;
const SHOW_HELP = `
Example:
  $ streams hub show
  {"hostName":"hub.example.com","streamingEndpoints":["https://hub.example.com"]}`;

export function hubCommand(): Command {
  const start = new Command('start')
    .description('run a hub, until SIGTERM or SIGINT')
    .option('--port <number>', 'where to listen; 0 takes a free port', portOption, 8443)
    .option('--listen <address>', 'address to listen on (default: all)')
    .option('--host-name <name...>', 'names of the hub, besides its own; the first goes into connection strings')
    .option('--data <dir>', 'data directory (default: ~/.streams)')
    .option('--tls-cert <file>', 'certificate of your own, in PEM, instead of one of the own CA')
    .option('--tls-key <file>', 'its private key')
    .option(
      '--keep-alive <seconds>',
      'ping silent connections as often, 1 to 15, for networks that forget them sooner (default: 15)',
      seconds(1, 15),
    )
    .option(
      '--drain <seconds>',
      'at the end, let open streams finish for as long; a second signal ends them at once (default: 8)',
      seconds(0, 3_600),
    )
    .option(
      '--hand-over <seconds>',
      'at the end, where another hub takes over under the same name: devices and their sessions go there within this time',
      seconds(0, 3_600),
    )
    .option('--log', "the hub's whole log on a terminal too")
    .option('--quiet', 'do not print what to type next, which has a secret in it')
    .option('--json', 'print JSON once the hub is ready')
    .addHelpText('after', START_HELP)
    .action((options: HubStartOptions) => startHub(options));
  const show = withCredentials(new Command('show'), 'service')
    .description('show the name of a hub, and where its streams lead, as JSON')
    .option('--json', 'print JSON, as it does in any case')
    .addHelpText('after', SHOW_HELP)
    .action((options: CredentialOptions) => showHub(options));
  const hub = new Command('hub').description('run a hub, or look at one').addHelpText('after', '\nExample:\n  $ streams hub start');
  for (const command of [start, hubInstallCommand(), show]) hub.addCommand(command);
  return hub;
}

async function showHub(options: CredentialOptions): Promise<void> {
  const { hostName, streamingEndpoints } = await withService(options, (service) => service.hub());
  process.stdout.write(`${JSON.stringify({ hostName, streamingEndpoints })}\n`);
}

/** Reads a whole number of seconds, and gives milliseconds. */
function seconds(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number * 1_000;
    throw new InvalidArgumentError(`expected a whole number of seconds from ${least} to ${most}`);
  };
}

// `streams logs`: who opened which stream when, how long, how many bytes, and why it ended.
import { Command, InvalidArgumentError, Option } from 'commander';
import { LOG_OPERATIONS, LOG_RESULTS, systemClock } from '@streams/protocol/internal';
import { withCredentials } from '../io/credentials.ts';
import { pastTime } from '../io/past-time.ts';
import { LIMIT, showLogs } from './logs-show.ts';

const HELP = `
The oldest comes first. Times are of this machine's time zone, those of --json UTC. It takes the permission hub:read.

Examples:
  $ streams logs --device pump-7 --name ssh --since yesterday --until today
  $ streams logs --result rejected --since 1h
  $ streams logs --follow --json | jq .deviceId`;

export function logsCommand(): Command {
  const now = (): number => systemClock.wallMs();
  return withCredentials(new Command('logs'), 'service')
    .description('show who opened which stream, how long, how many bytes, and why it ended')
    .option('--device <id>', 'of this device alone')
    .option('--name <name>', 'of streams of this name, such as ssh')
    .addOption(new Option('--result <result>', 'how it turned out').choices([...LOG_RESULTS]))
    .option('--policy <name>', 'asked for by this policy')
    .addOption(new Option('--operation <operation>', 'handshakes, or the ends of streams').choices([...LOG_OPERATIONS]))
    .option('--since <time>', '1h, 2d, yesterday, a day such as 2026-11-28, or ISO 8601', (text) => pastTime(text, now()))
    .option('--until <time>', 'what is older than this', (text) => pastTime(text, now()))
    .option('--limit <number>', `the newest so many (default: ${LIMIT}; with --json all)`, count)
    .option('--follow', 'what comes from now on, until Ctrl-C; with --since what was before it, first')
    .option('--json', 'print each record as a line of JSON')
    .addHelpText('after', HELP)
    .action(showLogs);
}

function count(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number, 1 or more');
}

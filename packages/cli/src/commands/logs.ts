// `streams logs`: who opened which stream when, how long, how many bytes, and why it ended.
import { Command, InvalidArgumentError, Option } from 'commander';
import { LOG_OPERATIONS, LOG_RESULTS, type LogRecord, StreamsError, systemClock } from '@streams/protocol/internal';
import type { LogFilter, LogQuery, ServiceClient } from '@streams/service';
import { type CredentialOptions, withCredentials, withService } from '../io/credentials.ts';
import { logRows } from '../io/log-table.ts';
import { endWithReader, type OutputOptions, printLines, tellPerson } from '../io/output.ts';
import { pastTime } from '../io/past-time.ts';
import { untilSignal } from '../io/signals.ts';

interface LogsOptions extends CredentialOptions, OutputOptions, Omit<LogFilter, 'deviceId'> {
  readonly device?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly limit?: number | undefined;
  readonly follow?: boolean | undefined;
}

const LIMIT = 100;
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
    .action(logs);
}

async function logs(options: LogsOptions): Promise<void> {
  if (options.follow && options.until) throw new InvalidArgumentError('--until and --follow do not go together');
  endWithReader();
  await withService(options, (service) => (options.follow ? follow(service, options) : query(service, options)));
}

async function query(service: ServiceClient, options: LogsOptions): Promise<void> {
  const limit = options.limit ?? (options.json ? undefined : LIMIT);
  const records = await collect(service, queryOf(options, limit));
  await print(records, options, 'whole');
  if (records.length === 0) tellPerson('the log has no such record');
  else if (records.length === limit) tellPerson(`the newest ${limit}; --limit shows more`);
}

/** Ends with 0 by Ctrl-C. */
async function follow(service: ServiceClient, options: LogsOptions): Promise<void> {
  const { signal } = untilSignal();
  try {
    const following = await service.logs.follow({ ...filterOf(options), signal });
    // What is written between the two comes twice.
    const before = options.since ? await collect(service, { ...queryOf(options, options.limit), signal }) : [];
    const printed = new Set(before.map((record) => JSON.stringify(record)));
    await print(before, options, 'head');
    for await (const record of following) if (!printed.has(JSON.stringify(record))) await print([record], options, 'rows');
  } catch (error) {
    if (!signal.aborted || !StreamsError.is(error)) throw error;
  }
}

/** In the order of their times. */
async function collect(service: ServiceClient, query: LogQuery): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const record of service.logs.query(query)) records.push(record);
  return records.reverse();
}

function queryOf(options: LogsOptions, limit: number | undefined): LogQuery {
  const { since, until } = options;
  return { ...filterOf(options), since, until, limit };
}

function filterOf({ device: deviceId, name, policy, result, operation }: LogsOptions): LogFilter {
  return { deviceId, name, policy, result, operation };
}

function print(records: readonly LogRecord[], { json }: LogsOptions, part: 'whole' | 'head' | 'rows'): Promise<void> {
  return printLines(json ? records.map((record) => JSON.stringify(record)) : logRows(records, part));
}

function count(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number, 1 or more');
}

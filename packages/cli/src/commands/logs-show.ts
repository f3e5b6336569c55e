// What `streams logs` does: asks, or follows, and prints.
import { InvalidArgumentError } from 'commander';
import { type LogRecord, StreamsError } from '@streams/protocol/internal';
import type { LogFilter, LogQuery, ServiceClient } from '@streams/service';
import { type CredentialOptions, withService } from '../io/credentials.ts';
import { logRows } from '../io/log-table.ts';
import { type OutputOptions, printLines, tellPerson } from '../io/output.ts';
import { untilSignal } from '../io/signals.ts';

export interface LogsOptions extends CredentialOptions, OutputOptions, Omit<LogFilter, 'deviceId'> {
  readonly device?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly limit?: number | undefined;
  readonly follow?: boolean | undefined;
}

/** So many, unless somebody says how many. */
export const LIMIT = 100;

/** Resolves when everything is printed; of what follows, at Ctrl-C. */
export async function showLogs(options: LogsOptions): Promise<void> {
  if (options.follow && options.until) throw new InvalidArgumentError('--until and --follow do not go together');
  await withService(options, (service) => (options.follow ? follow(service, options) : query(service, options)));
}

async function query(service: ServiceClient, options: LogsOptions): Promise<void> {
  const limit = options.limit ?? (options.json ? undefined : LIMIT);
  const asked = queryOf(options, limit);
  const lines = options.json ? await collect(service, asked, jsonOf) : logRows(await collect(service, asked, itself), 'whole');
  await printLines(lines);
  if (lines.length === 0) tellPerson('the log has no such record');
  else if (lines.length > LIMIT && options.limit === undefined && !options.json) tellPerson(`the newest ${LIMIT}; --limit shows more`);
}

/** Ends with 0 by Ctrl-C. */
async function follow(service: ServiceClient, options: LogsOptions): Promise<void> {
  const { signal } = untilSignal();
  const rows = (records: readonly LogRecord[], part: 'head' | 'rows'): string[] =>
    options.json ? records.map(jsonOf) : logRows(records, part);
  try {
    const following = await service.logs.follow({ ...filterOf(options), signal });
    const before = options.since ? await collect(service, { ...queryOf(options, options.limit), signal }, itself) : [];
    // What is written between the two comes twice.
    const printed = new Set(before.map(jsonOf));
    await printLines(rows(before, 'head'));
    for await (const record of following) if (!printed.has(jsonOf(record))) await printLines(rows([record], 'rows'));
  } catch (error) {
    if (!signal.aborted || !StreamsError.is(error)) throw error;
  }
}

/** In the order of their times. @param of What is kept of each: there may be very many. */
async function collect<T>(service: ServiceClient, asked: LogQuery, of: (record: LogRecord) => T): Promise<T[]> {
  const found: T[] = [];
  for await (const record of service.logs.query(asked)) found.push(of(record));
  return found.reverse();
}

function itself(record: LogRecord): LogRecord {
  return record;
}

function jsonOf(record: LogRecord): string {
  return JSON.stringify(record);
}

function queryOf(options: LogsOptions, limit: number | undefined): LogQuery {
  const { since, until } = options;
  return { ...filterOf(options), since, until, limit };
}

function filterOf({ device: deviceId, name, policy, result, operation }: LogsOptions): LogFilter {
  return { deviceId, name, policy, result, operation };
}

// REST of the resource log: ask for records that were written, or follow those that will be.
import {
  asCursor,
  asDeviceId,
  asInteger,
  asOneOf,
  asStreamName,
  asString,
  asTimeMs,
  fail,
  LOG_OPERATIONS,
  LOG_PAGE_RECORDS,
  LOG_RESULTS,
  MAX_LOGGED_RECORDS,
  optional,
} from '@streams/protocol/internal';
import { requirePermission } from '../../auth/authorize.ts';
import type { Answer, Call, Route } from '../../http/routes.ts';
import type { ResourceLog } from '../resource-log.ts';
import type { LogCursor, LogFilter, LogQuery } from './query.ts';

const MAX_POLICY_CHARACTERS = 512;
/** They ask for what was written; who follows gets what will be. */
const OF_THE_PAST = ['since', 'until', 'limit', 'cursor'];

/** `GET /v1/diagnostics/logs`. */
export function logRoutes(log: ResourceLog): Route[] {
  return [{ method: 'GET', path: ['v1', 'diagnostics', 'logs'], handle: (call) => answer(log, call) }];
}

async function answer(log: ResourceLog, { identity, query, trackingId, signal }: Call): Promise<Answer> {
  requirePermission(identity, 'hub:read');
  const follow = asOneOf(query.get('follow') ?? 'false', 'follow', ['true', 'false']);
  if (follow === 'false') return { status: 200, body: await log.query(asLogQuery(query), signal) };
  const past = OF_THE_PAST.find((name) => query.has(name));
  if (past !== undefined) fail(past, 'nothing beside follow=true', query.get(past));
  const filter = asLogFilter(query);
  log.followers.admit();
  return { status: 200, send: (response) => log.followers.add(response, { filter, trackingId }) };
}

function asLogFilter(query: URLSearchParams): LogFilter {
  const given = <T>(name: string, guard: (value: unknown) => T): T | undefined => optional(query.get(name) ?? undefined, guard);
  return {
    deviceId: given('device', asDeviceId),
    streamName: given('name', asStreamName),
    policy: given('policy', (value) => asString(value, 'policy', MAX_POLICY_CHARACTERS)),
    result: given('result', (value) => asOneOf(value, 'result', LOG_RESULTS)),
    operation: given('operation', (value) => asOneOf(value, 'operation', LOG_OPERATIONS)),
  };
}

function asLogQuery(query: URLSearchParams): LogQuery {
  const time = (name: string): string | undefined =>
    optional(query.get(name) ?? undefined, (value) => new Date(asTimeMs(value, name)).toISOString());
  return {
    filter: asLogFilter(query),
    since: time('since'),
    until: time('until'),
    limit: asInteger(Number(query.get('limit') ?? LOG_PAGE_RECORDS), 'limit', 1, MAX_LOGGED_RECORDS),
    cursor: optional(query.get('cursor') ?? undefined, (value) => cursorOf(asCursor(value))),
  };
}

function cursorOf(text: string): LogCursor {
  const [startMs = 0, position = 0] = text.split('.').map(Number);
  return { startMs, position };
}

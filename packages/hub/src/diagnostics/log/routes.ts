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
  type LogRecord,
  MAX_LOGGED_RECORDS,
  optional,
} from '@streams/protocol/internal';
import type { Identity } from '../../auth/authenticate.ts';
import { requirePermission } from '../../auth/authorize.ts';
import { permits, type Policy } from '../../auth/policies.ts';
import type { PolicyStore } from '../../auth/policy-store.ts';
import type { Answer, Call, Route } from '../../http/routes.ts';
import type { ResourceLog } from '../resource-log.ts';
import type { Reader } from './followers.ts';
import type { LogCursor, LogFilter, LogQuery } from './query.ts';

const MAX_POLICY_CHARACTERS = 512;
/** They ask for what was written; who follows gets what will be. */
const OF_THE_PAST = ['since', 'until', 'limit', 'cursor'];

/** What the route works on. */
export interface LogRoutesContext {
  readonly log: ResourceLog;
  readonly policies: PolicyStore;
}

/** `GET /v1/diagnostics/logs`. */
export function logRoutes(context: LogRoutesContext): Route[] {
  return [{ method: 'GET', path: ['v1', 'diagnostics', 'logs'], handle: (call) => answer(context, call) }];
}

async function answer({ log, policies }: LogRoutesContext, { identity, query, trackingId, signal }: Call): Promise<Answer> {
  const policy = requirePermission(identity, 'hub:read');
  const isVisible = ({ deviceId, streamName }: LogRecord): boolean => permits(policy, 'hub:read', { deviceId, streamName });
  const follow = asOneOf(query.get('follow') ?? 'false', 'follow', ['true', 'false']);
  if (follow === 'false') {
    const asked = asLogQuery(query);
    return { status: 200, body: await log.query({ ...asked, filter: { ...asked.filter, isVisible } }, signal) };
  }
  const past = OF_THE_PAST.find((name) => query.has(name));
  if (past !== undefined) fail(past, 'nothing beside follow=true', query.get(past));
  const filter = { ...asLogFilter(query), isVisible };
  const follower = await readerOf(policies, identity, policy);
  log.followers.admit();
  return { status: 200, send: (response) => log.followers.add(response, { filter, trackingId, follower }) };
}

/** A signature is for the moment; a token and a policy have their time. */
async function readerOf(policies: PolicyStore, { keyId, expiresAtMs }: Identity, { name }: Policy): Promise<Reader> {
  const expiresAt = keyId === undefined ? undefined : (await policies.get(name))?.expiresAt;
  const untilMs = keyId === undefined ? expiresAtMs : expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
  return { policy: name, keyId, untilMs };
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

// What a device proxy offers, as the application writes it: service name -> target and limits; looked over before use.
import { createError, isName, isWhole, MAX_DELAY_MS } from '@streams/protocol/internal';

/** One service: where it is, and what may be done with it. */
export interface DeviceProxyService {
  /** `host:port`, the host as a name, an IPv4 address, or an IPv6 address in brackets. */
  readonly target: string;
  /** A stream is cut after this time, in milliseconds. Default: without limit. */
  readonly maxTimeMs?: number | undefined;
  /** A stream is cut rather than carry more bytes than this, both directions together. Default: without limit. */
  readonly maxBytes?: number | undefined;
  /** Streams at once. Default: without limit. */
  readonly maxStreams?: number | undefined;
  /** The hub's policies whose services may use it. Default: all. */
  readonly policies?: readonly string[] | undefined;
}

/** A service that was looked over. */
export interface ProxiedService extends DeviceProxyService {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const LIMITS = { maxTimeMs: MAX_DELAY_MS, maxBytes: Number.MAX_SAFE_INTEGER, maxStreams: Number.MAX_SAFE_INTEGER } as const;

/** @throws `STREAMS_INVALID_ARGUMENT` that names the field. */
export function readServices(services: unknown): ReadonlyMap<string, ProxiedService> {
  if (!isRecord(services)) invalid('services', "expected an object such as { ssh: '127.0.0.1:22' }");
  return new Map(Object.entries(services).map(([name, service]) => [name, readService(name, service)]));
}

function readService(name: string, given: unknown): ProxiedService {
  const field = `services.${name}`;
  if (!isName(name)) invalid(field, "expected a stream name: 1 to 128 of A-Z a-z 0-9 - . % _ * ? ! ( ) , : = @ $ '");
  const service = typeof given === 'string' ? { target: given } : given;
  if (!isRecord(service)) invalid(field, 'expected host:port');
  const targetField = typeof given === 'string' ? field : `${field}.target`;
  const { maxTimeMs, maxBytes, maxStreams, policies } = service as unknown as DeviceProxyService;
  for (const limit of ['maxTimeMs', 'maxBytes', 'maxStreams'] as const) checkLimit(`${field}.${limit}`, service[limit], LIMITS[limit]);
  if (policies !== undefined && !(Array.isArray(policies) && policies.every(isName))) {
    invalid(`${field}.policies`, 'expected an array of policy names');
  }
  const target = String(service['target']);
  return { name, target, ...readTarget(targetField, target), maxTimeMs, maxBytes, maxStreams, policies };
}

function readTarget(field: string, target: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(target) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined) invalid(field, 'expected host:port');
  if (port < 1 || port > 65_535) invalid(field, 'expected host:port with a port from 1 to 65535');
  return { host, port };
}

function checkLimit(field: string, value: unknown, most: number): void {
  if (value === undefined || isWhole(value, 1, most)) return;
  invalid(field, `expected a whole number from 1 to ${most}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(field: string, problem: string): never {
  throw createError('INVALID_ARGUMENT', { message: `${field}: ${problem}`, details: { field } });
}

// The file of `streams device proxy --config`: the same services as the proxy's own option, in JSON.
import { readFileSync } from 'node:fs';
import type { DeviceProxyOptions, DeviceProxyService } from '@streams/device';
import { createError, StreamsError } from '@streams/protocol/internal';

/** What the file says; the proxy looks names, targets and limits over. */
export type ProxyConfig = Pick<DeviceProxyOptions, 'services' | 'hideServices'>;

const FIELDS: ReadonlySet<string> = new Set<keyof ProxyConfig>(['services', 'hideServices']);
const SERVICE_FIELDS: ReadonlySet<string> = new Set<keyof DeviceProxyService>([
  'target',
  'maxTimeMs',
  'maxBytes',
  'maxStreams',
  'policies',
]);

/** @throws `STREAMS_INVALID_ARGUMENT` that names the field, also for one that is misspelt: a limit that is not heeded would go unnoticed. */
export function readConfig(file: string): ProxyConfig {
  const config = parseJson(readText(file));
  if (!isRecord(config)) invalid('expected an object such as { "services": { "ssh": "127.0.0.1:22" } }');
  refuseUnknown(config, FIELDS, '');
  const { services, hideServices } = config;
  if (!isRecord(services)) invalid('services: expected an object such as { "ssh": "127.0.0.1:22" }');
  if (hideServices !== undefined && typeof hideServices !== 'boolean') invalid('hideServices: expected true or false');
  for (const [name, service] of Object.entries(services)) {
    if (isRecord(service)) refuseUnknown(service, SERVICE_FIELDS, `services.${name}.`);
  }
  return { services: services as ProxyConfig['services'], hideServices };
}

/** Runs `work`; its errors are about the file. */
export function inFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!StreamsError.is(error)) throw error;
    throw createError(error.wireCode, { message: `${file}: ${error.message}`, details: error.details });
  }
}

/** Name and target of each, for people. */
export function listOf(services: ProxyConfig['services']): string {
  const list = Object.entries(services).map(([name, service]) => `${name} (${typeof service === 'string' ? service : service.target})`);
  return list.join(', ') || 'nothing';
}

/** It is small, and two that are read at once could overtake each other. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    return invalid(`cannot be read (${(cause as NodeJS.ErrnoException).code})`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    return invalid(`is no JSON: ${(cause as SyntaxError).message}`);
  }
}

function refuseUnknown(record: object, known: ReadonlySet<string>, path: string): void {
  const unknown = Object.keys(record).find((name) => !known.has(name));
  if (unknown !== undefined) invalid(`${path}${unknown}: there is no such field; there are ${[...known].join(', ')}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string): never {
  throw createError('INVALID_ARGUMENT', { message, details: { field: 'config' } });
}

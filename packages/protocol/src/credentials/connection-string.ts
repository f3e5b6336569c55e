// Connection strings: all that a device or a service needs to find, trust and convince a hub (design section 5).
import { X509Certificate } from 'node:crypto';
import { createError } from '../errors/kinds.ts';
import { isName } from '../wire/names.ts';
import { parseUrl } from '../wire/urls.ts';
import { Secret } from './redact.ts';

const DEFAULT_PORT = 443;
/** Host names, IPv4 addresses and IPv6 addresses in brackets. */
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::(\d{1,5}))?$/;

/** Where the hub is and how to trust it. */
export interface HubAddress {
  /** Name or address, in lower case, IPv6 in brackets. */
  readonly hostName: string;
  readonly port: number;
  /** The CA to trust for this hub, and no other; PEM. */
  readonly caCertificate?: string | undefined;
}

/** What a device's connection string says. */
export interface DeviceCredentials extends HubAddress {
  readonly deviceId: string;
  readonly key: Secret;
}

/** What a service's connection string says. */
export interface ServiceCredentials extends HubAddress {
  readonly policy: string;
  readonly key: Secret;
}

/**
 * Reads `HostName=host[:port];DeviceId=…;SharedAccessKey=…[;CaCertificate=…]`, in any order.
 * @throws `STREAMS_INVALID_ARGUMENT` that names the field and never shows its value.
 */
export function parseDeviceConnectionString(text: string | undefined): DeviceCredentials {
  const fields = fieldsOf(text);
  if (fields.has('SharedAccessKeyName') && !fields.has('DeviceId')) {
    invalid('DeviceId', 'is missing: this is the connection string of a service, a device needs its own');
  }
  const deviceId = required(fields, 'DeviceId');
  if (!isName(deviceId)) invalid('DeviceId', 'is no device id');
  return { ...address(fields), deviceId, key: key(fields) };
}

/**
 * Reads `HostName=host[:port];SharedAccessKeyName=…;SharedAccessKey=…[;CaCertificate=…]`, in any order.
 * @throws `STREAMS_INVALID_ARGUMENT` that names the field and never shows its value.
 */
export function parseServiceConnectionString(text: string | undefined): ServiceCredentials {
  const fields = fieldsOf(text);
  if (fields.has('DeviceId'))
    invalid('DeviceId', 'does not belong here: this is the connection string of a device, a service needs its own');
  const policy = required(fields, 'SharedAccessKeyName');
  if (!isName(policy)) invalid('SharedAccessKeyName', 'is no policy name');
  return { ...address(fields), policy, key: key(fields) };
}

/** Writes a connection string, the secret in the clear: it is what a person copies to the device or the service. */
export function formatConnectionString(credentials: DeviceCredentials | ServiceCredentials): string {
  const identity = 'deviceId' in credentials ? `DeviceId=${credentials.deviceId}` : `SharedAccessKeyName=${credentials.policy}`;
  const parts = [`HostName=${formatHost(credentials)}`, identity, `SharedAccessKey=${credentials.key.reveal()}`];
  if (credentials.caCertificate !== undefined) {
    parts.push(`CaCertificate=${new X509Certificate(credentials.caCertificate).raw.toString('base64')}`);
  }
  return parts.join(';');
}

/** `host`, or `host:port` where the port is not 443. */
export function formatHost(hub: HubAddress): string {
  return hub.port === DEFAULT_PORT ? hub.hostName : `${hub.hostName}:${hub.port}`;
}

/** Reads `host` or `host:port`; `undefined` if it is neither. */
export function parseHost(text: string): { hostName: string; port: number } | undefined {
  const [, hostName, port] = HOST.exec(text) ?? [];
  if (hostName === undefined) return undefined;
  const number = port === undefined ? DEFAULT_PORT : Number(port);
  // A name that URLs spell otherwise, such as 1.2 for 1.0.0.2, would later be compared with its other spelling.
  const isSpelledOut = parseUrl(`https://${hostName}`)?.hostname === hostName.toLowerCase();
  return isSpelledOut && number >= 1 && number <= 65_535 ? { hostName: hostName.toLowerCase(), port: number } : undefined;
}

function fieldsOf(text: unknown): Map<string, string> {
  if (typeof text !== 'string' || text.trim() === '') {
    throw createError('INVALID_ARGUMENT', {
      message: 'connection string: expected text such as HostName=…;…;SharedAccessKey=…, found nothing; is the environment variable set?',
      details: { field: 'connectionString' },
    });
  }
  const fields = new Map<string, string>();
  for (const part of text.trim().split(';')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 1) invalid(`number ${fields.size + 1}`, 'is not of the form Name=value');
    const name = part.slice(0, equals);
    if (fields.has(name)) invalid(name, 'stands there twice');
    fields.set(name, part.slice(equals + 1));
  }
  return fields;
}

function required(fields: Map<string, string>, name: string): string {
  const value = fields.get(name);
  if (value === undefined || value === '') invalid(name, 'is missing; copy the whole string that the hub printed');
  return value;
}

function address(fields: Map<string, string>): HubAddress {
  const host = parseHost(required(fields, 'HostName'));
  if (!host) invalid('HostName', 'is no host name with an optional port');
  const certificate = fields.get('CaCertificate');
  return { ...host, caCertificate: certificate === undefined ? undefined : pem(certificate) };
}

function key(fields: Map<string, string>): Secret {
  const text = required(fields, 'SharedAccessKey');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) invalid('SharedAccessKey', 'is not base64; it may have been cut');
  return new Secret(text);
}

function pem(base64: string): string {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).toString();
  } catch {
    invalid('CaCertificate', 'is not the base64 of a certificate in DER; it may have been cut');
  }
}

function invalid(field: string, problem: string): never {
  throw createError('INVALID_ARGUMENT', { message: `connection string: field ${field} ${problem}`, details: { field } });
}

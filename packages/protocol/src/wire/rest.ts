// The bodies of the REST interface: what a client sends, what the hub answers, and the guards for both (design section 5).
import { ERRORS, isWireCode, type WireCode } from '../errors/codes.ts';
import { asStreamId, capabilities, TOKEN_TEXT } from './decode.ts';
import { DEFAULT_STREAM_NAME, STREAM_PROTOCOL } from './versions.ts';
import { HANDSHAKE_TIMEOUT_MS, MAX_RETRY_AFTER_MS } from './defaults.ts';
import { asBoolean, asInteger, asObject, asString, asStrings, fail, type Fields, optional } from './guards.ts';
import {
  MAX_HANDSHAKE_TIMEOUT_MS,
  MAX_LIST_ENTRIES,
  MAX_LIST_ENTRY_CHARACTERS,
  MAX_LISTED_DEVICES,
  MAX_NAME_CHARACTERS,
} from './limits.ts';
import { asHeaders, asStreamName, TOKEN_PATTERN } from './names.ts';

const MAX_TEXT_CHARACTERS = 2_048;
const MAX_RESUME_COUNT = 2 ** 32 - 1;
/** ISO 8601 with milliseconds; years beyond 9999 have more digits. */
const MAX_TIME_CHARACTERS = 32;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const MIN_KEY_BYTES = 16;
const MAX_KEY_BYTES = 256;

/** Body of `POST /v1/devices/{id}/streams`. */
export interface OpenStreamBody {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
  readonly capabilities: readonly string[];
  readonly timeoutMs: number;
  /** The session that is to go on over this stream: the id of its first stream. */
  readonly resumes?: string | undefined;
  /** How often the session has been resumed, this time included; for the resource log. */
  readonly resumeCount?: number | undefined;
}

/** Its answer once the device has accepted. */
export interface OpenStreamAnswer {
  readonly streamId: string;
  readonly protocol: string;
  readonly capabilities: readonly string[];
  /** Where the service leg is dialled. */
  readonly url: string;
  /** The service leg's stream token. */
  readonly token: string;
  readonly expiresInMs: number;
}

/** Body of `PUT /v1/devices/{id}`. */
export interface PutDeviceBody {
  readonly enabled?: boolean | undefined;
  /** One or two base64 keys; the hub makes what is missing. */
  readonly keys?: readonly string[] | undefined;
}

/** A device as the hub shows it. */
export interface DeviceView {
  readonly deviceId: string;
  readonly enabled: boolean;
  readonly connected: boolean;
  /** Changes exactly when `enabled` or `keys` do: for `If-Match`. */
  readonly etag: string;
  /** While it is connected: since when (ISO 8601, UTC). */
  readonly connectedSince?: string | undefined;
  /** While it is not: when it was connected last (ISO 8601, UTC). Absent if that is not known. */
  readonly lastSeen?: string | undefined;
  /** Only for callers that may write devices. */
  readonly keys?: readonly string[] | undefined;
}

/** Answer of `GET /v1/devices`: a page of the list, ordered by device id. */
export interface DeviceListView {
  /** Without their keys. */
  readonly devices: readonly DeviceView[];
  /** `after` of the next page; absent on the last one. */
  readonly next?: string | undefined;
}

/** Answer of `GET /v1/hub`. */
export interface HubView {
  readonly hostName: string;
  readonly streamingEndpoints: readonly string[];
  readonly version: string;
  /** When the hub's process made it, ISO 8601 in UTC; absent from hubs before 0.2. */
  readonly startedAt?: string | undefined;
}

/** A live stream as the hub shows it. */
export interface StreamView {
  readonly streamId: string;
  readonly deviceId: string;
  readonly name: string;
  /** Who asked for it. */
  readonly policy: string;
  /** What its legs speak, such as `streams.v1`. */
  readonly protocol: string;
  /** When it was established, ISO 8601 in UTC. */
  readonly since: string;
  /** Payload so far. */
  readonly bytesToDevice: number;
  readonly bytesToService: number;
}

/** Answer of `GET /v1/streams`: a page of the list, the longest-lived first. */
export interface StreamListView {
  readonly streams: readonly StreamView[];
  /** `after` of the next page; absent on the last one. */
  readonly next?: string | undefined;
}

/** Body of every answer that is no success. */
export interface ErrorBody {
  readonly code: WireCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly trackingId: string;
  readonly details?: Fields | undefined;
}

export function asOpenStreamBody(fields: Fields): OpenStreamBody {
  const protocols = optional(fields['protocols'], (value) =>
    asStrings(value, 'protocols', MAX_LIST_ENTRIES, MAX_LIST_ENTRY_CHARACTERS, TOKEN_TEXT),
  );
  if (protocols?.length === 0) fail('protocols', 'at least one stream protocol', protocols);
  return {
    name: asStreamName(fields['name'] ?? DEFAULT_STREAM_NAME),
    headers: asHeaders(fields['headers'] ?? {}, 'headers'),
    protocols: protocols ?? [STREAM_PROTOCOL],
    capabilities: capabilities(fields, 'body'),
    timeoutMs: asInteger(fields['timeoutMs'] ?? HANDSHAKE_TIMEOUT_MS, 'timeoutMs', 1, MAX_HANDSHAKE_TIMEOUT_MS),
    resumes: optional(fields['resumes'], (value) => asStreamId(value, 'resumes')),
    resumeCount: optional(fields['resumeCount'], (value) => asInteger(value, 'resumeCount', 0, MAX_RESUME_COUNT)),
  };
}

export function asOpenStreamAnswer(fields: Fields): OpenStreamAnswer {
  return {
    streamId: asStreamId(fields['streamId'], 'streamId'),
    protocol: asString(fields['protocol'], 'protocol', MAX_LIST_ENTRY_CHARACTERS),
    capabilities: capabilities(fields, 'answer'),
    url: asString(fields['url'], 'url', MAX_TEXT_CHARACTERS),
    token: asString(fields['token'], 'token', 43, TOKEN_PATTERN),
    expiresInMs: asInteger(fields['expiresInMs'], 'expiresInMs', 0, MAX_HANDSHAKE_TIMEOUT_MS),
  };
}

export function asPutDeviceBody(fields: Fields): PutDeviceBody {
  return {
    enabled: optional(fields['enabled'], (value) => asBoolean(value, 'enabled')),
    keys: optional(fields['keys'], asKeys),
  };
}

export function asDeviceView(fields: Fields): DeviceView {
  return {
    deviceId: asString(fields['deviceId'], 'deviceId', MAX_NAME_CHARACTERS),
    enabled: asBoolean(fields['enabled'], 'enabled'),
    connected: asBoolean(fields['connected'], 'connected'),
    etag: asString(fields['etag'], 'etag', MAX_LIST_ENTRY_CHARACTERS),
    connectedSince: optional(fields['connectedSince'], (value) => asString(value, 'connectedSince', MAX_TIME_CHARACTERS)),
    lastSeen: optional(fields['lastSeen'], (value) => asString(value, 'lastSeen', MAX_TIME_CHARACTERS)),
    keys: optional(fields['keys'], asKeys),
  };
}

export function asDeviceListView(fields: Fields): DeviceListView {
  const { devices } = fields;
  if (!Array.isArray(devices) || devices.length > MAX_LISTED_DEVICES) fail('devices', `a list of at most ${MAX_LISTED_DEVICES}`, devices);
  return {
    devices: devices.map((device, index) => asDeviceView(asObject(device, `devices[${index}]`))),
    next: optional(fields['next'], (value) => asString(value, 'next', MAX_NAME_CHARACTERS)),
  };
}

/** One or two shared access keys. */
export function asKeys(value: unknown, path = 'keys'): string[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > 2) fail(path, 'a list of one or two keys', value);
  return value.map((key, index) => {
    if (!isSharedAccessKey(key)) fail(`${path}[${index}]`, 'base64 of 16 to 256 bytes', key);
    return key;
  });
}

/** True for base64 of 16 to 256 bytes. */
export function isSharedAccessKey(value: unknown): value is string {
  if (typeof value !== 'string' || !BASE64.test(value)) return false;
  const bytes = (value.length / 4) * 3 - (value.endsWith('==') ? 2 : Number(value.endsWith('=')));
  return bytes >= MIN_KEY_BYTES && bytes <= MAX_KEY_BYTES;
}

/** A wait that somebody asked for, if it is one that a timer can keep. */
export function asWaitMs(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? Math.min(value, MAX_RETRY_AFTER_MS) : undefined;
}

export function asHubView(fields: Fields): HubView {
  return {
    hostName: asString(fields['hostName'], 'hostName', MAX_TEXT_CHARACTERS),
    streamingEndpoints: asStrings(fields['streamingEndpoints'], 'streamingEndpoints', MAX_LIST_ENTRIES, MAX_TEXT_CHARACTERS),
    version: asString(fields['version'], 'version', MAX_NAME_CHARACTERS),
    startedAt: optional(fields['startedAt'], (value) => asString(value, 'startedAt', MAX_NAME_CHARACTERS)),
  };
}

/** Reads an error body; `undefined` if it is none, as when a proxy on the way answered. */
export function asErrorBody(fields: Fields): ErrorBody | undefined {
  const { code, message, retryAfterMs, trackingId, details } = fields;
  if (!isWireCode(code) || ERRORS[code].httpStatus === undefined || typeof message !== 'string') return undefined;
  return {
    code,
    message: message.slice(0, MAX_TEXT_CHARACTERS),
    retryable: fields['retryable'] === true,
    retryAfterMs: asWaitMs(retryAfterMs),
    trackingId: typeof trackingId === 'string' ? trackingId.slice(0, MAX_NAME_CHARACTERS) : '',
    details: typeof details === 'object' && details !== null ? (details as Fields) : undefined,
  };
}

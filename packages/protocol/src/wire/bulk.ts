// The lines by which devices are exported and imported (NDJSON), and the guards for them.
import { isWireCode, type WireCode } from '../errors/codes.ts';
import { asBoolean, asInteger, asString, fail, type Fields, optional } from './guards.ts';
import { MAX_NAME_CHARACTERS } from './limits.ts';
import { asDeviceId } from './names.ts';
import { asKeys, asPutDeviceBody, type PutDeviceBody } from './rest.ts';

/** The media type of both. */
export const NDJSON_TYPE = 'application/x-ndjson';

const MAX_MESSAGE_CHARACTERS = 2_048;

/** A line of an export. */
export interface ExportedDevice {
  readonly deviceId: string;
  readonly enabled: boolean;
  /** Only for callers that may write devices. */
  readonly keys?: readonly string[] | undefined;
}

/** A line of an import: what is left out stays as it is, or is made. An exported device is one. */
export interface ImportedDevice extends PutDeviceBody {
  readonly deviceId: string;
}

/** How far an import has come. */
export interface ImportProgress {
  /** Lines that were read. */
  readonly lines: number;
  readonly created: number;
  readonly changed: number;
  /** Devices that were there already, just so. */
  readonly unchanged: number;
  readonly failed: number;
}

/** A line that made or changed no device, and why. */
export interface ImportFailure {
  /** From 1. */
  readonly line: number;
  /** Absent where the line has none that could be read. */
  readonly deviceId?: string | undefined;
  readonly code: WireCode;
  readonly message: string;
}

/** A line of the answer to an import. The last one is `done`, or `error` where it ended early. */
export type ImportAnswer =
  | ({ readonly type: 'failed' } & ImportFailure)
  | ({ readonly type: 'progress' | 'done' } & ImportProgress)
  | ({ readonly type: 'error'; readonly code: WireCode; readonly message: string; readonly trackingId: string } & ImportProgress);

export function asImportedDevice(fields: Fields): ImportedDevice {
  return { deviceId: asDeviceId(fields['deviceId']), ...asPutDeviceBody(fields) };
}

export function asExportedDevice(fields: Fields): ExportedDevice {
  return {
    deviceId: asDeviceId(fields['deviceId']),
    enabled: asBoolean(fields['enabled'], 'enabled'),
    keys: optional(fields['keys'], asKeys),
  };
}

/** `undefined` for a type of a later version. */
export function asImportAnswer(fields: Fields): ImportAnswer | undefined {
  const { type } = fields;
  if (type === 'failed') {
    const deviceId = optional(fields['deviceId'], (value) => asString(value, 'deviceId', MAX_NAME_CHARACTERS));
    return { type, line: count(fields, 'line'), deviceId, ...reason(fields) };
  }
  if (type === 'progress' || type === 'done') return { type, ...progress(fields) };
  if (type !== 'error') return undefined;
  const trackingId = asString(fields['trackingId'], 'trackingId', MAX_NAME_CHARACTERS);
  return { type, ...reason(fields), trackingId, ...progress(fields) };
}

function progress(fields: Fields): ImportProgress {
  return {
    lines: count(fields, 'lines'),
    created: count(fields, 'created'),
    changed: count(fields, 'changed'),
    unchanged: count(fields, 'unchanged'),
    failed: count(fields, 'failed'),
  };
}

function reason(fields: Fields): { code: WireCode; message: string } {
  const { code } = fields;
  if (!isWireCode(code)) fail('code', 'a key of the error table', code);
  return { code, message: asString(fields['message'], 'message', MAX_MESSAGE_CHARACTERS) };
}

function count(fields: Fields, path: string): number {
  return asInteger(fields[path], path, 0, Number.MAX_SAFE_INTEGER);
}

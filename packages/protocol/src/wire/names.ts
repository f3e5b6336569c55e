// The grammar of names that people choose: device ids, stream names, headers; and the ids that the hub makes.
import { createError } from '../errors/kinds.ts';
import { asObject, asString, fail } from './guards.ts';
import { MAX_HEADERS, MAX_HEADERS_BYTES, MAX_NAME_CHARACTERS } from './limits.ts';

/** Azure IoT Hub's grammar of device ids; ours of stream names too (design section 5). */
const NAME = /^[A-Za-z0-9\-.%_*?!(),:=@$']{1,128}$/;
const HEADER_NAME = /^[a-z0-9-]{1,64}$/;
/** No control characters and no half of a character: neither belongs in a header, and JSON would spell either with six bytes. */
const HEADER_TEXT = /^[^\p{Cc}\p{Cs}]*$/u;
/** 128 bits in base64url. */
export const ID_PATTERN: RegExp = /^[A-Za-z0-9_-]{22}$/;
/** 256 bits in base64url. */
export const TOKEN_PATTERN: RegExp = /^[A-Za-z0-9_-]{43}$/;

/** True for a device id or stream name. `.` and `..` are none: a URL loses them. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NAME_CHARACTERS && NAME.test(value) && value !== '.' && value !== '..';
}

/** @throws `STREAMS_INVALID_DEVICE_ID` */
export function asDeviceId(value: unknown): string {
  if (!isName(value)) throw createError('INVALID_DEVICE_ID');
  return value;
}

/** The first characters of a name, or none. */
export function asNamePrefix(value: unknown, path: string): string {
  if (typeof value !== 'string' || (value !== '' && !NAME.test(value))) fail(path, 'the first characters of a device id', value);
  return value;
}

/** @throws `STREAMS_INVALID_STREAM_NAME` */
export function asStreamName(value: unknown): string {
  if (!isName(value)) throw createError('INVALID_STREAM_NAME');
  return value;
}

/** The headers of a stream request: names `[a-z0-9-]`, bounded in number and in bytes. */
export function asHeaders(value: unknown, path: string): Record<string, string> {
  const entries = Object.entries(asObject(value, path));
  if (entries.length > MAX_HEADERS) fail(path, `at most ${MAX_HEADERS} headers`, entries.length);
  let bytes = 0;
  for (const [name, text] of entries) {
    if (!HEADER_NAME.test(name)) fail(`${path} name`, 'up to 64 of a-z 0-9 -', name);
    bytes += name.length + new TextEncoder().encode(asString(text, `${path}.${name}`, MAX_HEADERS_BYTES, HEADER_TEXT)).length;
  }
  if (bytes > MAX_HEADERS_BYTES) fail(path, `at most ${MAX_HEADERS_BYTES} bytes together`, bytes);
  return Object.fromEntries(entries) as Record<string, string>;
}

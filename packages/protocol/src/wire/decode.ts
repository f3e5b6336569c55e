// Control messages from text: guards that name the path of what is wrong. An unknown type is `undefined`, to be ignored.
import { isWireCode, type WireCode } from '../errors/codes.ts';
import { asInteger, asObject, asString, asStrings, fail, type Fields, optional, parseObject } from './guards.ts';
import { MAX_HANDSHAKE_TIMEOUT_MS, MAX_LIST_ENTRIES, MAX_LIST_ENTRY_CHARACTERS, MAX_NAME_CHARACTERS, MAX_REASON_BYTES } from './limits.ts';
import type { DeclineCode, DeviceMessage, HubMessage } from './messages.ts';
import { asHeaders, asStreamName, ID_PATTERN, TOKEN_PATTERN } from './names.ts';

const MAX_URL_CHARACTERS = 2_048;
const MAX_VERSION_CHARACTERS = 64;
/** W3C trace context, version 00; later versions may be longer. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]*)?$/;
/** Names of protocols and capabilities: what a subprotocol may consist of. */
export const TOKEN_TEXT: RegExp = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const MAX_TRACEPARENT_CHARACTERS = 128;
const DECLINE_CODES: readonly string[] = [
  'STREAM_REJECTED',
  'PROTOCOL_MISMATCH',
  'NO_HANDLER',
  'HANDLER_FAILED',
  'SESSION_LOST',
] satisfies DeclineCode[];

/**
 * Reads a message of the hub.
 * @throws `STREAMS_BAD_REQUEST` that names the path of what is wrong.
 */
export function decodeHubMessage(text: string): HubMessage | undefined {
  const fields = parseObject(text, 'message');
  const type = asString(fields['type'], 'message.type', MAX_LIST_ENTRY_CHARACTERS);
  switch (type) {
    case 'welcome':
      return welcome(fields);
    case 'request':
      return request(fields);
    case 'cancel':
      return { type, streamId: asStreamId(fields['streamId'], 'cancel.streamId'), code: asCode(fields['code'], 'cancel.code') };
    case 'goaway':
      return { type, withinMs: asInteger(fields['withinMs'], 'goaway.withinMs', 0, 3_600_000) };
    default:
      return undefined;
  }
}

/**
 * Reads a message of a device.
 * @throws `STREAMS_BAD_REQUEST` that names the path of what is wrong.
 */
export function decodeDeviceMessage(text: string): DeviceMessage | undefined {
  const fields = parseObject(text, 'message');
  const type = asString(fields['type'], 'message.type', MAX_LIST_ENTRY_CHARACTERS);
  if (type === 'accept') {
    const protocol = asString(fields['protocol'], 'accept.protocol', MAX_LIST_ENTRY_CHARACTERS);
    return { type, streamId: asStreamId(fields['streamId'], 'accept.streamId'), protocol, capabilities: capabilities(fields, 'accept') };
  }
  if (type === 'lost') return { type, streamId: asStreamId(fields['streamId'], 'lost.streamId') };
  if (type !== 'reject') return undefined;
  const code = fields['code'];
  if (!DECLINE_CODES.includes(code as string)) fail('reject.code', DECLINE_CODES.join(' | '), code);
  const reason = asReason(fields['reason'] ?? '', 'reject.reason');
  return { type, streamId: asStreamId(fields['streamId'], 'reject.streamId'), code: code as DeclineCode, reason };
}

function welcome(fields: Fields): HubMessage {
  const hub = asObject(fields['hub'], 'welcome.hub');
  return {
    type: 'welcome',
    hub: {
      name: asString(hub['name'], 'welcome.hub.name', MAX_NAME_CHARACTERS),
      version: asString(hub['version'], 'welcome.hub.version', MAX_VERSION_CHARACTERS),
    },
    streamingEndpoints: asStrings(fields['streamingEndpoints'], 'welcome.streamingEndpoints', MAX_LIST_ENTRIES, MAX_URL_CHARACTERS),
    timeMs: asInteger(fields['timeMs'], 'welcome.timeMs', 0, Number.MAX_SAFE_INTEGER),
    capabilities: capabilities(fields, 'welcome'),
  };
}

function request(fields: Fields): HubMessage {
  return {
    type: 'request',
    streamId: asStreamId(fields['streamId'], 'request.streamId'),
    name: asStreamName(fields['name']),
    headers: asHeaders(fields['headers'] ?? {}, 'request.headers'),
    protocols: asStrings(fields['protocols'], 'request.protocols', MAX_LIST_ENTRIES, MAX_LIST_ENTRY_CHARACTERS, TOKEN_TEXT),
    capabilities: capabilities(fields, 'request'),
    requester: {
      policy: asString(asObject(fields['requester'], 'request.requester')['policy'], 'request.requester.policy', MAX_NAME_CHARACTERS),
    },
    timeoutMs: asInteger(fields['timeoutMs'], 'request.timeoutMs', 1, MAX_HANDSHAKE_TIMEOUT_MS),
    url: asString(fields['url'], 'request.url', MAX_URL_CHARACTERS),
    token: asString(fields['token'], 'request.token', 43, TOKEN_PATTERN),
    resumes: optional(fields['resumes'], (value) => asStreamId(value, 'request.resumes')),
    traceparent: optional(fields['traceparent'], (value) => asTraceparent(value, 'request.traceparent')),
  };
}

/** A stream id: 128 bits in base64url. */
export function asStreamId(value: unknown, path: string): string {
  return asString(value, path, 22, ID_PATTERN);
}

/** A W3C `traceparent`. */
export function asTraceparent(value: unknown, path: string): string {
  return asString(value, path, MAX_TRACEPARENT_CHARACTERS, TRACEPARENT);
}

/** The optional list of capabilities of a message. */
export function capabilities(fields: Fields, path: string): string[] {
  return asStrings(fields['capabilities'] ?? [], `${path}.capabilities`, MAX_LIST_ENTRIES, MAX_LIST_ENTRY_CHARACTERS, TOKEN_TEXT);
}

function asReason(value: unknown, path: string): string {
  const reason = asString(value, path, MAX_REASON_BYTES);
  if (new TextEncoder().encode(reason).length > MAX_REASON_BYTES) fail(path, `at most ${MAX_REASON_BYTES} bytes`, reason);
  return reason;
}

/** Codes of a newer hub are read as the general one. */
function asCode(value: unknown, path: string): WireCode {
  const code = asString(value, path, MAX_LIST_ENTRY_CHARACTERS);
  return isWireCode(code) ? code : 'STREAM_GONE';
}

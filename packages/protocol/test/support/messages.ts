// Arbitrary valid control messages.
import fc from 'fast-check';
import { ERRORS, type WireCode } from '../../src/errors/codes.ts';
import type { DeviceMessage, HubMessage } from '../../src/wire/messages.ts';
import { unicode } from './unicode.ts';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NAME_CHARACTERS = `${BASE64URL}.%*?!(),:=@$'`;

function stringOf(characters: string, min: number, max: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...characters.split('')), minLength: min, maxLength: max });
}

/** Any text of at most `max` UTF-16 units: all of Unicode but control characters and lone surrogates. */
function text(max: number): fc.Arbitrary<string> {
  return unicode({ maxLength: Math.floor(max / 2) }).map((any) => any.replace(/\p{Cc}/gu, ' '));
}

/** Device ids and stream names. */
export const names: fc.Arbitrary<string> = stringOf(NAME_CHARACTERS, 1, 128).filter((name) => name !== '.' && name !== '..');
/** 128 bits in base64url. */
export const streamIds: fc.Arbitrary<string> = stringOf(BASE64URL, 22, 22);
/** 256 bits in base64url. */
export const tokens: fc.Arbitrary<string> = stringOf(BASE64URL, 43, 43);
/** Lists of protocols or capabilities. */
export const lists: fc.Arbitrary<string[]> = fc.array(stringOf(`${BASE64URL}!#$%&'*+.^|~`, 1, 64), { maxLength: 32 });
/** Headers of a stream request; the names of Object's own methods are as good as any. */
export const headers: fc.Arbitrary<Record<string, string>> = fc.dictionary(
  fc.oneof(stringOf('abcdefghijklmnopqrstuvwxyz0123456789-', 1, 64), fc.constantFrom('constructor', 'valueof', 'content-type')),
  text(100),
  { maxKeys: 16, noNullPrototype: true },
);

const hex = (count: number): fc.Arbitrary<string> => stringOf('0123456789abcdef', count, count);
const traceparents = fc.tuple(hex(32), hex(16), hex(2)).map(([trace, span, flags]) => `00-${trace}-${span}-${flags}`);
const codes = fc.constantFrom(...(Object.keys(ERRORS) as WireCode[]));

/** URLs of `scheme`; fast-check's own take a second to set up. */
export function urls(scheme: string): fc.Arbitrary<string> {
  const parts = fc.tuple(fc.domain(), fc.nat(65_535), stringOf(`${BASE64URL}/?&=.~`, 0, 60));
  return parts.map(([host, port, path]) => `${scheme}://${host}:${port}/${path}`);
}

/** Everything a hub may say. */
export const hubMessages: fc.Arbitrary<HubMessage> = fc.oneof(
  fc.record({
    type: fc.constant('welcome' as const),
    hub: fc.record({ name: text(128), version: text(64) }),
    streamingEndpoints: fc.array(urls('https'), { maxLength: 4 }),
    timeMs: fc.maxSafeNat(),
    capabilities: lists,
  }),
  fc.record(
    {
      type: fc.constant('request' as const),
      streamId: streamIds,
      name: names,
      headers,
      protocols: lists,
      capabilities: lists,
      requester: fc.record({ policy: text(128) }),
      timeoutMs: fc.integer({ min: 1, max: 60_000 }),
      url: urls('wss'),
      token: tokens,
      resumes: streamIds,
      traceparent: traceparents,
    },
    {
      requiredKeys: ['type', 'streamId', 'name', 'headers', 'protocols', 'capabilities', 'requester', 'timeoutMs', 'url', 'token'],
    },
  ),
  fc.record({ type: fc.constant('cancel' as const), streamId: streamIds, code: codes }),
  fc.record({ type: fc.constant('goaway' as const), withinMs: fc.nat({ max: 3_600_000 }) }),
);

/** Everything a device may say. */
export const deviceMessages: fc.Arbitrary<DeviceMessage> = fc.oneof(
  fc.record({ type: fc.constant('accept' as const), streamId: streamIds, protocol: text(64), capabilities: lists }),
  fc.record({
    type: fc.constant('reject' as const),
    streamId: streamIds,
    code: fc.constantFrom(...(['STREAM_REJECTED', 'PROTOCOL_MISMATCH', 'NO_HANDLER', 'HANDLER_FAILED', 'SESSION_LOST'] as const)),
    reason: unicode({ maxLength: 128 }),
  }),
  fc.record({ type: fc.constant('lost' as const), streamId: streamIds }),
);

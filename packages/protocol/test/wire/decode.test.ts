// Control messages from text: what was encoded comes back, what is unknown is ignored, and what is wrong has a path.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamsError } from '../../src/errors/base.ts';
import { asTraceparent, decodeDeviceMessage, decodeHubMessage } from '../../src/wire/decode.ts';
import { encodeMessage } from '../../src/wire/encode.ts';
import { errorOf } from '../support/errors.ts';
import { forAll } from '../support/for-all.ts';
import { deviceMessages, hubMessages } from '../support/messages.ts';
import { unicode } from '../support/unicode.ts';

type Json = Record<string, unknown>;
type Sample = keyof typeof samples;

const STREAM_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const samples = {
  welcome: { type: 'welcome', hub: { name: 'h', version: '1' }, streamingEndpoints: ['https://h'], timeMs: 1, capabilities: ['c'] },
  request: {
    type: 'request',
    streamId: STREAM_ID,
    name: 'ssh',
    headers: { user: 'root' },
    protocols: ['streams.v1'],
    capabilities: ['c'],
    requester: { policy: 'p' },
    timeoutMs: 1_000,
    url: 'wss://h/v1/streams/x/device',
    token: 'T'.repeat(43),
    traceparent: TRACEPARENT,
  },
  cancel: { type: 'cancel', streamId: STREAM_ID, code: 'ABORTED' },
  goaway: { type: 'goaway', withinMs: 5 },
  accept: { type: 'accept', streamId: STREAM_ID, protocol: 'streams.v1', capabilities: ['c'] },
  reject: { type: 'reject', streamId: STREAM_ID, code: 'STREAM_REJECTED', reason: 'no' },
  lost: { type: 'lost', streamId: STREAM_ID },
};

function decode(message: unknown): unknown {
  const text = JSON.stringify(message);
  const type = (message as Json)['type'];
  return ['accept', 'reject', 'lost'].includes(type as string) ? decodeDeviceMessage(text) : decodeHubMessage(text);
}

/** The sample with the field at a dotted path replaced, or removed where `value` is undefined. */
function changed(sample: Sample, path: string, value: unknown): unknown {
  const copy = structuredClone(samples[sample]) as Json;
  const parents = path.split('.');
  const last = parents.pop() as string;
  const owner = parents.reduce((at, name) => at[name] as Json, copy);
  if (value === undefined) delete owner[last];
  else owner[last] = value;
  return copy;
}

/** What the decoder says of it: its code, and the path where it names one. */
function complaint(message: unknown): string {
  const error = errorOf(() => decode(message));
  return error.wireCode === 'BAD_REQUEST' ? String(error.details['path']) : error.wireCode;
}

const REQUIRED: [Sample, string][] = [
  ['welcome', 'hub'],
  ['welcome', 'hub.name'],
  ['welcome', 'hub.version'],
  ['welcome', 'streamingEndpoints'],
  ['welcome', 'timeMs'],
  ['request', 'streamId'],
  ['request', 'protocols'],
  ['request', 'requester'],
  ['request', 'requester.policy'],
  ['request', 'timeoutMs'],
  ['request', 'url'],
  ['request', 'token'],
  ['cancel', 'streamId'],
  ['cancel', 'code'],
  ['goaway', 'withinMs'],
  ['accept', 'streamId'],
  ['accept', 'protocol'],
  ['reject', 'streamId'],
  ['reject', 'code'],
  ['lost', 'streamId'],
];
const OPTIONAL: [Sample, string, unknown][] = [
  ['welcome', 'capabilities', []],
  ['request', 'headers', {}],
  ['request', 'capabilities', []],
  ['request', 'traceparent', undefined],
  ['accept', 'capabilities', []],
  ['reject', 'reason', ''],
];

describe('round trip', () => {
  it('any message of a hub', () => {
    forAll(hubMessages, (message) => expect(decodeHubMessage(encodeMessage(message))).toEqual(message));
  });

  it('any message of a device', () => {
    forAll(deviceMessages, (message) => expect(decodeDeviceMessage(encodeMessage(message))).toEqual(message));
  });

  it('each side refuses nothing and reads nothing of what only the other says', () => {
    forAll(hubMessages, (message) => expect(decodeDeviceMessage(encodeMessage(message))).toBeUndefined());
    forAll(deviceMessages, (message) => expect(decodeHubMessage(encodeMessage(message))).toBeUndefined());
  });
});

describe('what is unknown', () => {
  it.each(['', 'Welcome', 'welcome2', 'constructor', 'toString', '__proto__', 'ping'])('type %j is ignored', (type) => {
    expect(decodeHubMessage(JSON.stringify({ ...samples.welcome, type }))).toBeUndefined();
    expect(decodeDeviceMessage(JSON.stringify({ ...samples.accept, type }))).toBeUndefined();
  });

  it('fields are left out, at every level', () => {
    const cases = fc.tuple(fc.constantFrom<Json>(...Object.values(samples)), fc.string(), fc.jsonValue());
    forAll(cases, ([message, name, value]) => {
      const parents = Object.entries(message).filter(([key]) => key === 'hub' || key === 'requester');
      const inner = Object.fromEntries(parents.map(([key, fields]) => [key, { [name]: value, ...(fields as Json) }]));
      expect(decode({ [name]: value, ...message, ...inner })).toEqual(message);
    });
  });

  it('a code of a newer hub is read as the general one', () => {
    expect(decode(changed('cancel', 'code', 'NEWER_CODE'))).toEqual({ ...samples.cancel, code: 'STREAM_GONE' });
    expect(decode(changed('cancel', 'code', 'constructor'))).toEqual({ ...samples.cancel, code: 'STREAM_GONE' });
  });
});

describe('what is wrong has a path', () => {
  it.each(REQUIRED)('%s without %s', (sample, path) => expect(complaint(changed(sample, path, undefined))).toBe(`${sample}.${path}`));

  it.each(OPTIONAL)('%s without %s stands', (sample, path, value) =>
    expect(decode(changed(sample, path, undefined))).toEqual({ ...samples[sample], [path]: value }),
  );

  it.each<[Sample, string, unknown?]>([...REQUIRED, ...OPTIONAL])('%s with a %s of no right kind', (sample, path) => {
    // `headers` and `capabilities` of null are as good as none.
    for (const value of [true, -1, 0.5, { nested: [] }, [1], [[]]])
      expect(complaint(changed(sample, path, value))).toContain(`${sample}.${path}`);
  });

  it('the stream name has a code of its own', () => {
    for (const name of [undefined, null, '', '..', 'a b', 7])
      expect(complaint(changed('request', 'name', name))).toBe('INVALID_STREAM_NAME');
  });

  it.each([null, 7, '', true, [], ['welcome']])('a type of %j', (type) => {
    const text = JSON.stringify({ ...samples.goaway, type });
    if (type === '') expect(decodeHubMessage(text)).toBeUndefined();
    else
      for (const decoder of [decodeHubMessage, decodeDeviceMessage])
        expect(errorOf(() => decoder(text)).details).toMatchObject({ path: 'message.type' });
  });
});

describe('bounds', () => {
  const cases: [Sample, string, fits: unknown, not: unknown][] = [
    ['welcome', 'hub.name', 'n'.repeat(128), 'n'.repeat(129)],
    ['welcome', 'hub.version', 'v'.repeat(64), 'v'.repeat(65)],
    ['welcome', 'streamingEndpoints', Array.from({ length: 32 }, () => 'e'.repeat(2_048)), Array.from({ length: 33 }, () => 'e')],
    ['welcome', 'timeMs', Number.MAX_SAFE_INTEGER, 2 ** 53],
    ['welcome', 'capabilities', Array.from({ length: 32 }, () => 'c'.repeat(64)), ['c'.repeat(65)]],
    ['request', 'streamId', '-_'.repeat(11), 'A'.repeat(21)],
    ['request', 'streamId', STREAM_ID, `${STREAM_ID}\n`],
    ['request', 'token', '-_a'.repeat(14) + '9', 'T'.repeat(44)],
    ['request', 'token', 'T'.repeat(43), `${'T'.repeat(42)}=`],
    ['request', 'timeoutMs', 1, 0],
    ['request', 'timeoutMs', 60_000, 60_001],
    ['request', 'url', 'u'.repeat(2_048), 'u'.repeat(2_049)],
    ['request', 'requester.policy', 'p'.repeat(128), 'p'.repeat(129)],
    ['goaway', 'withinMs', 0, -1],
    ['goaway', 'withinMs', 3_600_000, 3_600_001],
    ['accept', 'protocol', 'p'.repeat(64), 'p'.repeat(65)],
    ['accept', 'capabilities', ["!#$%&'*+.^_`|~-09AZaz"], ['a b']],
    ['welcome', 'capabilities', ['c'], ['']],
    ['request', 'capabilities', ['c'], ['c', 'c,d']],
    ['request', 'protocols', ['streams.v1', 'raw'], ['streams.v1', 'r\u00e4w']],
    ['request', 'protocols', [], ['line\n']],
    ['request', 'headers', { a: 'gr\u00fcn "\\\\" \u{1F600}' }, { a: 'two\r\nlines' }],
    ['request', 'headers', { a: '' }, { a: '\uD800' }],
    ['reject', 'reason', 'r'.repeat(512), 'r'.repeat(513)],
    ['reject', 'reason', 'é'.repeat(256), `${'é'.repeat(256)}e`],
    ['reject', 'code', 'HANDLER_FAILED', 'UNAUTHENTICATED'],
  ];
  it.each(cases)('%s.%s', (sample, path, fits, not) => {
    expect(decode(changed(sample, path, fits))).toEqual(changed(sample, path, fits));
    expect(complaint(changed(sample, path, not))).toContain(`${sample}.${path}`);
  });
});

describe('hostile text', () => {
  const decoders = fc.constantFrom(decodeHubMessage, decodeDeviceMessage);
  const typed = (decoder: (text: string) => unknown, text: string): void => {
    try {
      decoder(text);
    } catch (error) {
      if (!StreamsError.is(error) || !/^(BAD_REQUEST|INVALID_STREAM_NAME)$/.test(error.wireCode)) throw error;
    }
  };

  it('any text or JSON is refused with a type, or not at all', () => {
    const texts = fc.oneof(unicode(), fc.json({ noUnicodeString: false }));
    forAll(fc.tuple(decoders, texts), ([decoder, text]) => typed(decoder, text), 1_000);
  });

  it('any message with anything in any of its fields is refused with a type, or not at all', () => {
    const spoilt = fc
      .constantFrom(...(Object.keys(samples) as Sample[]))
      .chain((sample) =>
        fc.tuple(fc.constantFrom(...Object.keys(samples[sample])), fc.jsonValue()).map(([field, value]) => changed(sample, field, value)),
      );
    forAll(fc.tuple(decoders, spoilt), ([decoder, message]) => typed(decoder, JSON.stringify(message)), 1_000);
  });

  it('prototypes are neither read nor changed', () => {
    const own = JSON.stringify(samples.goaway);
    const message = decodeHubMessage(`${own.slice(0, -1)},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`);
    expect(message).toStrictEqual(samples.goaway);
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
    expect({}).not.toHaveProperty('polluted');
    expect(errorOf(() => decodeHubMessage(`{"__proto__":${own}}`)).details).toMatchObject({ path: 'message.type' });
    const headers = '{"__proto__":{"polluted":"1"}}';
    const request = JSON.stringify(samples.request).replace('{"user":"root"}', headers);
    expect(errorOf(() => decodeHubMessage(request)).details).toMatchObject({ path: 'request.headers name' });
  });

  it('depth and length cost nothing', () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(errorOf(() => decodeHubMessage(nested(100_000))).details).toMatchObject({ path: 'message' });
    expect(errorOf(() => decodeHubMessage(`{"type":"welcome","hub":${nested(100_000)}}`)).details).toMatchObject({ path: 'welcome.hub' });
    expect(errorOf(() => decodeHubMessage('{"a":'.repeat(100_000))).details).toMatchObject({ path: 'message' });
    const list = Array.from({ length: 100_000 }, () => '');
    expect(errorOf(() => decode({ ...samples.welcome, streamingEndpoints: list })).message).toContain('found a list of 100000');
  });
});

describe('traceparent', () => {
  it.each([TRACEPARENT, `cc${TRACEPARENT.slice(2)}-later.fields`])('%s', (text) => expect(asTraceparent(text, 'traceparent')).toBe(text));

  it.each([
    TRACEPARENT.toUpperCase(),
    TRACEPARENT.slice(0, -1),
    ` ${TRACEPARENT}`,
    `${TRACEPARENT}${'-x'.repeat(40)}`,
    // It ends in logs and in the headers of other requests.
    `${TRACEPARENT}\r\nX-Evil: 1`,
    `${TRACEPARENT}x`,
    `${TRACEPARENT}-\n`,
    `${TRACEPARENT}-é`,
    `${TRACEPARENT}-two words`,
  ])('not %j', (text) => expect(errorOf(() => asTraceparent(text, 'traceparent')).details).toMatchObject({ path: 'traceparent' }));
});

// Bodies of the REST interface: defaults, bounds, and errors that name the field; what a proxy sent is no error body.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERRORS, type WireCode } from '../../src/errors/codes.ts';
import {
  asErrorBody,
  asHubView,
  asKeys,
  asOpenStreamAnswer,
  asOpenStreamBody,
  asPutDeviceBody,
  asWaitMs,
  type ErrorBody,
  isSharedAccessKey,
} from '../../src/wire/rest.ts';
import { errorOf } from '../support/errors.ts';
import { forAll } from '../support/for-all.ts';
import { headers, lists, names, streamIds, tokens, urls } from '../support/messages.ts';

type Fields = Record<string, unknown>;

const ANSWER = {
  streamId: 'A'.repeat(22),
  protocol: 'streams.v1',
  capabilities: ['c'],
  url: 'wss://h/x',
  token: 'T'.repeat(43),
  expiresInMs: 5,
};
const HUB = { hostName: 'h', streamingEndpoints: ['https://h'], version: '1' };
const REFUSED = { code: 'DRAINING', message: 'm', retryable: true, retryAfterMs: 5, trackingId: 't', details: { a: 1 } };

function jsonOf(value: unknown): Fields {
  return JSON.parse(JSON.stringify(value)) as Fields;
}

/** The path of what is wrong, or the code where that says it. */
function complaint(action: () => unknown): string {
  const error = errorOf(action);
  return error.wireCode === 'BAD_REQUEST' ? String(error.details['path']) : error.wireCode;
}

describe('the body of a stream request', () => {
  it('may be empty', () => {
    expect(asOpenStreamBody({})).toEqual({ name: 'default', headers: {}, protocols: ['streams.v1'], capabilities: [], timeoutMs: 30_000 });
  });

  it('round trip', () => {
    const bodies = fc.record(
      {
        name: names,
        headers,
        protocols: lists.filter((list) => list.length > 0),
        capabilities: lists,
        timeoutMs: fc.integer({ min: 1, max: 60_000 }),
        resumes: streamIds,
        resumeCount: fc.nat(),
      },
      { requiredKeys: ['name', 'headers', 'protocols', 'capabilities', 'timeoutMs'] },
    );
    forAll(bodies, (body) => expect(asOpenStreamBody({ ...jsonOf(body), more: {} })).toEqual(body));
  });

  it.each<[field: string, value: unknown]>([
    ['protocols', []],
    ['protocols', null],
    ['protocols', 'streams.v1'],
    ['protocols', Array.from({ length: 33 }, () => 'p')],
    ['protocols', ['p'.repeat(65)]],
    ['protocols', [1]],
    ['headers', []],
    ['headers', { A: '' }],
    ['headers', { a: 1 }],
    ['capabilities', {}],
    ['resumes', 'A'.repeat(21)],
    ['resumeCount', -1],
    ['resumeCount', 1.5],
    ['timeoutMs', 0],
    ['timeoutMs', 60_001],
    ['timeoutMs', 1.5],
    ['timeoutMs', '1000'],
    ['timeoutMs', false],
    ['protocols', ['streams v1']],
    ['protocols', ['']],
    ['capabilities', ['a\u0001']],
    ['headers', { a: 'two\nlines' }],
  ])('%s cannot be %j', (field, value) => expect(complaint(() => asOpenStreamBody({ [field]: value }))).toContain(field));

  it.each(['', '..', 'a b', 7, {}, false])('name cannot be %j', (name) =>
    expect(complaint(() => asOpenStreamBody({ name }))).toBe('INVALID_STREAM_NAME'),
  );
});

describe('the answer to a stream request', () => {
  it('round trip', () => {
    const answers = fc.record({
      streamId: streamIds,
      protocol: fc.string({ maxLength: 64 }),
      capabilities: lists,
      url: urls('wss'),
      token: tokens,
      expiresInMs: fc.nat({ max: 60_000 }),
    });
    forAll(answers, (answer) => expect(asOpenStreamAnswer({ ...jsonOf(answer), more: 1 })).toEqual(answer));
  });

  it.each<[field: string, value: unknown]>([
    ['streamId', undefined],
    ['streamId', 'A'.repeat(21)],
    ['protocol', undefined],
    ['protocol', 'p'.repeat(65)],
    ['capabilities', 'c'],
    ['url', undefined],
    ['url', 'u'.repeat(2_049)],
    ['token', undefined],
    ['token', 'T'.repeat(42)],
    ['token', `${'T'.repeat(42)}+`],
    ['expiresInMs', undefined],
    ['expiresInMs', -1],
    ['expiresInMs', 60_001],
  ])('%s cannot be %j', (field, value) => {
    expect(asOpenStreamAnswer(ANSWER)).toEqual(ANSWER);
    expect(complaint(() => asOpenStreamAnswer({ ...ANSWER, [field]: value }))).toContain(field);
  });
});

describe('the body of a device', () => {
  const key = (bytes: number): string => Buffer.alloc(bytes, 0xfb).toString('base64');

  it('may be empty, and takes both fields', () => {
    expect(asPutDeviceBody({})).toEqual({});
    expect(asPutDeviceBody({ enabled: false, keys: [key(32)], more: 1 })).toEqual({ enabled: false, keys: [key(32)] });
    expect(asPutDeviceBody({ keys: [key(16), key(64)] })).toEqual({ keys: [key(16), key(64)] });
  });

  it('takes keys of 16 to 256 bytes', () => {
    const accepted = Array.from({ length: 300 }, (_, bytes) => bytes).filter((bytes) => {
      try {
        return asKeys([key(bytes)]).length === 1;
      } catch {
        return false;
      }
    });
    expect(accepted).toEqual(Array.from({ length: 241 }, (_, index) => 16 + index));
  });

  it.each([undefined, null, 7, [key(32)], '', '====', `${key(32)}\n`])('%j is no key', (value) =>
    expect(isSharedAccessKey(value)).toBe(false),
  );

  it.each<[what: string, value: unknown, path: string]>([
    ['no list', key(32), 'keys'],
    ['none', [], 'keys'],
    ['null', null, 'keys'],
    ['three', [key(32), key(32), key(32)], 'keys'],
    ['no string', [key(32), 5], 'keys[1]'],
    ['base64url', [key(32).replaceAll('/', '_').replaceAll('+', '-')], 'keys[0]'],
    ['without padding', [key(32).replace('=', '')], 'keys[0]'],
    ['padding inside', [`${key(17)}${key(17)}`], 'keys[0]'],
    ['with a line feed', [`${key(32)}\n`], 'keys[0]'],
    ['with a space', [` ${key(32)}`], 'keys[0]'],
  ])('keys cannot be: %s', (_what, keys, path) => {
    const error = errorOf(() => asPutDeviceBody({ keys }));
    expect(error.details).toMatchObject({ path });
    expect(error.message).not.toContain(key(32).slice(0, 12));
  });

  it.each([null, 0, 'true', {}])('enabled cannot be %j', (enabled) =>
    expect(complaint(() => asPutDeviceBody({ enabled }))).toBe('enabled'),
  );
});

describe('the view of a hub', () => {
  it.each<[field: string, value: unknown]>([
    ['hostName', 7],
    ['hostName', 'h'.repeat(2_049)],
    ['streamingEndpoints', 'https://h'],
    ['streamingEndpoints', [null]],
    ['version', undefined],
    ['version', 'v'.repeat(129)],
    ['startedAt', 0],
  ])('%s cannot be %j', (field, value) => {
    expect(asHubView({ ...HUB, more: 1 })).toEqual(HUB);
    expect(complaint(() => asHubView({ ...HUB, [field]: value }))).toContain(field);
  });
});

describe('a wait', () => {
  it.each([
    [0, 0],
    [1.5, 1.5],
    [3_600_000, 3_600_000],
    [3_600_001, 3_600_000],
    [Infinity, 3_600_000],
  ])('of %d ms is one of %d ms', (asked, waitMs) => expect(asWaitMs(asked)).toBe(waitMs));

  it.each([-1, -0.1, NaN, '5', null, undefined, {}])('of %j is none', (asked) => expect(asWaitMs(asked)).toBeUndefined());
});

describe('an error body', () => {
  it('of any code that travels comes back', () => {
    const codes = (Object.keys(ERRORS) as WireCode[]).filter((code) => ERRORS[code].httpStatus !== undefined);
    for (const code of codes) expect(asErrorBody({ ...REFUSED, code, more: 1 })).toEqual({ ...REFUSED, code });
  });

  it.each<[what: string, body: Fields]>([
    ['nothing', {}],
    ['a code that is none', { ...REFUSED, code: 'NEWER_CODE' }],
    ['a code of Object', { ...REFUSED, code: 'constructor' }],
    ['a code with the prefix of the SDKs', { ...REFUSED, code: 'STREAMS_DRAINING' }],
    ['a code that is a number', { ...REFUSED, code: 503 }],
    ['no message', { ...REFUSED, message: undefined }],
    ['a message that is a list', { ...REFUSED, message: ['m'] }],
    // A hub speaks of itself; these are what an SDK says of its own calls.
    ['a code of the SDKs alone', { ...REFUSED, code: 'STREAM_TERMINATED' }],
    ['another', { ...REFUSED, code: 'ABORTED' }],
  ])('is not: %s', (_what, body) => expect(asErrorBody(body)).toBeUndefined());

  it('has what is wrong in the rest left out', () => {
    const wrong = { retryable: 'yes', retryAfterMs: '5', trackingId: 7, details: 'd' };
    const { code, message } = REFUSED;
    expect(asErrorBody({ code, message, ...wrong })).toEqual({ code, message, retryable: false, trackingId: '' });
    expect(asErrorBody({ code, message, details: null })).toEqual({ code, message, retryable: false, trackingId: '' });
  });

  it.each([-1, 1e300])('has no wait of %d ms, which no timer can keep', (retryAfterMs) => {
    const waitMs = (asErrorBody({ ...REFUSED, retryAfterMs }) as ErrorBody).retryAfterMs ?? 0;
    expect(waitMs).toBeGreaterThanOrEqual(0);
    expect(waitMs).toBeLessThan(2 ** 31);
  });

  it('has its texts bounded', () => {
    const body = asErrorBody({ ...REFUSED, message: 'm'.repeat(30_000), trackingId: 't'.repeat(30_000) }) as ErrorBody;
    expect([body.message.length, body.trackingId.length]).toEqual([2_048, 128]);
  });
});

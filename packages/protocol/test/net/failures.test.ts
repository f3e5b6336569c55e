// Failures on the way to a hub, as typed errors: the hub's own words, a proxy's, a socket's, TLS's.
import { describe, expect, it } from 'vitest';
import { StreamsError } from '../../src/errors/base.ts';
import { createError, StreamRejectedError, StreamTimeoutError } from '../../src/errors/kinds.ts';
import { connectError, httpError, hubTimeOf } from '../../src/net/failures.ts';

const DATE = 'Mon, 23 Nov 2026 10:00:00 GMT';

function coded(code: string, message = 'it failed'): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}

describe('an answer of the hub', () => {
  const body = {
    code: 'DEVICE_NOT_CONNECTED',
    message: 'pump-7 is away',
    retryable: true,
    retryAfterMs: 2_000,
    trackingId: 't1',
    details: { a: 1 },
  };

  it('becomes its error, with its words, its details and its time', () => {
    const error = httpError({ status: 404, date: DATE, body: JSON.stringify(body) }, 'answer', 30_000);
    expect(error).toMatchObject({
      name: 'DeviceNotConnectedError',
      code: 'STREAMS_DEVICE_NOT_CONNECTED',
      message: 'pump-7 is away',
      retryAfterMs: 2_000,
      trackingId: 't1',
      details: { a: 1, httpStatus: 404 },
    });
    expect(hubTimeOf(error)).toBe(Date.UTC(2026, 10, 23, 10));
  });

  it('carries the fields of the subclasses', () => {
    const rejected = { code: 'STREAM_REJECTED', message: 'm', details: { reason: 'busy' } };
    expect(httpError({ status: 403, body: JSON.stringify(rejected) }, 'answer', 1)).toMatchObject({ reason: 'busy', message: 'm' });
    const late = { code: 'HANDSHAKE_TIMEOUT', message: 'm', details: { phase: 'device-leg', timeoutMs: 5_000 } };
    const error = httpError({ status: 504, body: JSON.stringify(late) }, 'answer', 1);
    expect(error).toBeInstanceOf(StreamTimeoutError);
    expect(error).toMatchObject({ phase: 'device-leg', timeoutMs: 5_000 });
  });

  it('is told by its body, whatever the status', () => {
    const text = JSON.stringify({ code: 'NO_HANDLER', message: 'm' });
    for (const status of [200, 302, 403, 500, 504])
      expect(httpError({ status, body: text }, 'answer', 1)).toBeInstanceOf(StreamRejectedError);
  });

  it('waits as the header asks, where the body asks for nothing', () => {
    const text = JSON.stringify({ code: 'DRAINING', message: 'm' });
    expect(httpError({ status: 503, retryAfter: '7', body: text }, 'answer', 1).retryAfterMs).toBe(7_000);
    expect(httpError({ status: 503, retryAfter: '7', body: JSON.stringify(body) }, 'answer', 1).retryAfterMs).toBe(2_000);
  });
});

describe('an answer of somebody else on the way', () => {
  const bodies = [
    '',
    '<html>Bad Gateway</html>',
    '{}',
    '[]',
    'null',
    '{"code":"NEWER","message":"m"}',
    '{"message":"no code"}',
    '{"code":"DRAINING"}',
  ];

  it.each([
    [400, 'CONNECT_FAILED'],
    [401, 'UNAUTHENTICATED'],
    [403, 'CONNECT_FAILED'],
    [407, 'CONNECT_FAILED'],
    [302, 'CONNECT_FAILED'],
    [200, 'CONNECT_FAILED'],
    [500, 'CONNECT_FAILED'],
    [502, 'CONNECT_FAILED'],
    [503, 'CONNECT_FAILED'],
    [504, 'HANDSHAKE_TIMEOUT'],
  ])('%i is %s', (status, wireCode) => {
    for (const body of bodies) {
      const error = httpError({ status, body }, 'service-leg', 9_000);
      expect(error).toMatchObject({ wireCode, details: { httpStatus: status } });
      expect(error.message).toContain(`HTTP ${status}`);
      expect(error.message).not.toContain('html');
    }
  });

  it('a 504 says for whom the handshake was waiting', () => {
    expect(httpError({ status: 504, body: '' }, 'service-leg', 9_000)).toMatchObject({ phase: 'service-leg', timeoutMs: 9_000 });
  });

  it.each([
    ['0', 0],
    ['120', 120_000],
  ])('Retry-After: %s', (retryAfter, waitMs) =>
    expect(httpError({ status: 503, retryAfter, body: '' }, 'answer', 1).retryAfterMs).toBe(waitMs),
  );

  it('Retry-After: a date is measured by the clock of who sent it', () => {
    const wait = (retryAfter: string, date?: string): number | undefined =>
      httpError({ status: 503, retryAfter, ...(date === undefined ? {} : { date }), body: '' }, 'answer', 1).retryAfterMs;
    expect(wait('Mon, 23 Nov 2026 10:02:00 GMT', DATE)).toBe(120_000);
    expect(wait('Mon, 23 Nov 2026 09:00:00 GMT', DATE) ?? 0).toBe(0);
    expect(wait('Mon, 23 Nov 2026 10:02:00 GMT')).toBeUndefined();
    expect(wait('Mon, 23 Nov 2026 10:02:00 GMT', 'nonsense')).toBeUndefined();
  });

  it.each(['Wed, 21 Oct 2037 07:28:00 GMT', 'soon', '', '-5', '1e300', 'Infinity', '0x10', '1.5, 7'])(
    'Retry-After: %j asks for no wait that a timer cannot keep',
    (retryAfter) => {
      const { retryAfterMs = 0 } = httpError({ status: 503, retryAfter, body: '' }, 'answer', 1);
      expect(retryAfterMs).toBeGreaterThanOrEqual(0);
      expect(retryAfterMs).toBeLessThan(2 ** 31);
    },
  );
});

describe('the hub’s time', () => {
  const at = (date: string | undefined): number | undefined =>
    hubTimeOf(
      httpError({ status: 401, ...(date === undefined ? {} : { date }), body: '{"code":"UNAUTHENTICATED","message":"m"}' }, 'answer', 1),
    );

  it.each([undefined, '', 'yesterday', 'Mon, 99 Foo 2026'])('is unknown from the date %j', (date) => expect(at(date)).toBeUndefined());

  it('is known from a date', () => expect(at(DATE)).toBe(Date.parse(DATE)));

  it('is not taken from other errors, nor from nonsense', () => {
    expect(hubTimeOf(createError('UNAUTHENTICATED'))).toBeUndefined();
    for (const hubTimeMs of ['1', NaN, Infinity, null, {}])
      expect(hubTimeOf(createError('CLOSED', { details: { hubTimeMs } }))).toBeUndefined();
  });
});

describe('a connection that failed', () => {
  it.each([
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_GET_CRL',
    'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
    'CERT_HAS_EXPIRED',
    'CERT_NOT_YET_VALID',
    'CERT_REVOKED',
    'CERT_UNTRUSTED',
    'CERT_REJECTED',
    'CERT_SIGNATURE_FAILURE',
    'CERT_CHAIN_TOO_LONG',
    'CRL_HAS_EXPIRED',
    'ERROR_IN_CERT_NOT_BEFORE_FIELD',
    'INVALID_CA',
    'INVALID_PURPOSE',
    'PATH_LENGTH_EXCEEDED',
    'HOSTNAME_MISMATCH',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    'EPROTO',
  ])('%s: TLS', (code) =>
    expect(connectError(coded(code))).toMatchObject({ wireCode: 'TLS_FAILED', retryable: false, details: { cause: code } }),
  );

  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EPIPE',
    'EMFILE',
    'EADDRNOTAVAIL',
    'HPE_INVALID_CONSTANT',
    'UND_ERR_SOCKET',
    'UND_ERR_CONNECT_TIMEOUT',
  ])('%s: no TLS', (code) =>
    expect(connectError(coded(code))).toMatchObject({ wireCode: 'CONNECT_FAILED', retryable: true, details: { cause: code } }),
  );

  it('keeps the cause, and its words without credentials', () => {
    const cause = coded('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1 with Bearer abcdef and sig=abc%3D');
    const error = connectError(cause);
    expect(error.cause).toBe(cause);
    expect(error.message).toBe('the hub cannot be reached: connect ECONNREFUSED 127.0.0.1:1 with Bearer [redacted] and sig=[redacted]');
  });

  it('shows at most some of the names in a certificate, and nothing that a terminal obeys', () => {
    const names = Array.from({ length: 50 }, (_, index) => `DNS:\u001b[31m${index}\n.${'x'.repeat(99)}`).join(', ');
    const { message } = connectError(Object.assign(coded('ERR_TLS_CERT_ALTNAME_INVALID'), { cert: { subjectaltname: names } }));
    expect(message.length).toBeLessThan(1_000);
    expect(message).toMatch(/^[\p{L}\p{P}\p{S}\p{N} ]+$/u);
  });

  it('has the code for words where there are none', () => {
    // What `net.connect` gives where a name has several addresses.
    const cause = Object.assign(new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]), { code: 'ECONNREFUSED' });
    expect(connectError(cause).message).toBe('the hub cannot be reached: ECONNREFUSED');
  });

  it.each([undefined, null, 'text', 7, {}, new Error(''), { code: 7 }])('%s is one too', (cause) => {
    const error = connectError(cause);
    expect(StreamsError.is(error)).toBe(true);
    expect(error).toMatchObject({ wireCode: 'CONNECT_FAILED', message: 'the hub cannot be reached: unknown' });
  });
});

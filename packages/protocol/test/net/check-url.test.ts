// Where a stream URL may lead: a bare wss: URL to a published host and port, and nowhere else.
import { describe, expect, it } from 'vitest';
import { checkStreamUrl, isForeignHost } from '../../src/net/check-url.ts';
import { errorOf } from '../support/errors.ts';

const ORIGINS = ['https://hub.example', 'https://streams.example:8443', 'https://[2001:db8::1]', 'nonsense', 'http://plain.example'];

describe('checkStreamUrl takes', () => {
  it.each([
    'wss://hub.example/v1/streams/x/device',
    'wss://hub.example:443/v1',
    'wss://hub.example',
    'WSS://HUB.EXAMPLE/x',
    'wss://streams.example:8443/x?y=z',
    'wss://[2001:db8::1]/x',
    'wss://[2001:DB8:0::1]:443/x',
    'wss://hub.example/@evil.example/x',
    'wss://hub.example/?@evil.example',
  ])('%s', (url) => expect(checkStreamUrl(url, ORIGINS).href).toBe(new URL(url).href));
});

describe('checkStreamUrl refuses', () => {
  it.each([
    ['ws://hub.example/x', 'is no wss: URL'],
    ['https://hub.example/x', 'is no wss: URL'],
    ['http://hub.example/x', 'is no wss: URL'],
    ['ws+unix:///tmp/socket:/x', 'is no wss: URL'],
    ['file:///etc/passwd', 'is no wss: URL'],
    ['javascript:alert(1)', 'is no wss: URL'],
    ['data:,x', 'is no wss: URL'],
    ['//hub.example/x', 'is no wss: URL'],
    ['/v1/streams/x', 'is no wss: URL'],
    ['hub.example', 'is no wss: URL'],
    ['wss://', 'is no wss: URL'],
    ['', 'is no wss: URL'],
    ['wss://hub.example:99999/x', 'is no wss: URL'],
    ['wss://hub.example@evil.example/x', 'carries a user name'],
    ['wss://hub.example:443@evil.example/x', 'carries a user name'],
    ['wss://user@hub.example/x', 'carries a user name'],
    ['wss://:pass@hub.example/x', 'carries a user name'],
    ['wss://hub.example/x#fragment', 'carries a fragment'],
    ['wss://hub.example:8443/x', 'leads to hub.example:8443'],
    ['wss://streams.example/x', 'leads to streams.example'],
    ['wss://evil.example/x', 'leads to evil.example'],
    ['wss://hub.example.evil.example/x', 'leads to hub.example.evil.example'],
    ['wss://evil-hub.example/x', 'leads to evil-hub.example'],
    ['wss://hub.exampl/x', 'leads to hub.exampl'],
    ['wss://hub.example./x', 'leads to hub.example.'],
    ['wss://hub.example\\@evil.example', 'leads to'],
    ['wss://evil.example\\@hub.example', 'leads to evil.example'],
    ['wss:evil.example', 'leads to evil.example'],
    ['wss://evil.example/https://hub.example', 'leads to evil.example'],
    ['wss://evil.example?hub.example', 'leads to evil.example'],
    ['wss://hub%2eexample%2fx.evil.example', ''],
    ['wss://plain.example/x', 'leads to plain.example'],
    ['wss://[2001:db8::2]/x', 'leads to [2001:db8::2]'],
    ['wss://127.0.0.1/x', 'leads to 127.0.0.1'],
    ['wss://localhost/x', 'leads to localhost'],
    ['wss://nonsense/x', 'leads to nonsense'],
    ['wss://hüb.example/x', 'leads to xn--'],
  ])('%s', (url, problem) => {
    if (url.includes('\\@evil')) {
      // A backslash is a slash: this one leads to the hub after all.
      expect(checkStreamUrl(url, ORIGINS).hostname).toBe('hub.example');
      return;
    }
    const error = errorOf(() => checkStreamUrl(url, ORIGINS));
    expect(error.code).toBe('STREAMS_UNTRUSTED_ENDPOINT');
    expect(error.message).toContain(problem);
  });

  it('everything where nothing is published', () => {
    expect(errorOf(() => checkStreamUrl('wss://hub.example', [])).code).toBe('STREAMS_UNTRUSTED_ENDPOINT');
  });

  it('without showing what the URL carries', () => {
    for (const url of [
      'wss://user:secret-token@hub.example/x',
      'wss://evil.example/secret-token?token=secret-token',
      'ws://h/secret-token',
    ])
      expect(errorOf(() => checkStreamUrl(url, ORIGINS)).message).not.toContain('secret-token');
  });
});

describe('isForeignHost', () => {
  it.each([
    ['wss://hub.example/x', false],
    ['ws://hub.example:443/x', false],
    ['wss://evil.example/x', true],
    ['wss://hub.example:8443/x', true],
    ['no URL', false],
    ['', false],
  ])('%s: %s', (url, foreign) => expect(isForeignHost(url, ORIGINS)).toBe(foreign));
});

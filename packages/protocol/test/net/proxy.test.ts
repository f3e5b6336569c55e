// Which proxy leads to a URL: options, variables in both cases, NO_PROXY, and what is malformed.
import { isIPv4 } from 'node:net';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProxyFor, type ProxyOptions } from '../../src/net/proxy.ts';
import { errorOf } from '../support/errors.ts';
import { forAll } from '../support/for-all.ts';
import { unicode } from '../support/unicode.ts';

const HUB = 'wss://hub.example:8443/v1/devices/x/control';

function proxyOf(env: ProxyOptions['env'], url = HUB): string | undefined {
  const proxy = createProxyFor({ env })(new URL(url));
  return proxy && `${proxy.secure ? 'https' : 'http'}://${proxy.address}`;
}

/** True if NO_PROXY lets a URL of this `host[:port]` through. */
function isDirect(noProxy: string, host: string): boolean {
  return proxyOf({ HTTPS_PROXY: 'http://p:1', NO_PROXY: noProxy }, `https://${host}/`) === undefined;
}

describe('the variables', () => {
  it.each<[env: Record<string, string>, expected: string | undefined]>([
    [{}, undefined],
    [{ HTTPS_PROXY: 'http://p:3128' }, 'http://p:3128'],
    [{ https_proxy: 'http://p:3128' }, 'http://p:3128'],
    [{ https_proxy: 'http://lower', HTTPS_PROXY: 'http://upper' }, 'http://lower:80'],
    [{ https_proxy: '', HTTPS_PROXY: 'http://upper' }, 'http://upper:80'],
    [{ https_proxy: '', HTTPS_PROXY: ' ' }, undefined],
    [{ ALL_PROXY: 'http://all:1', HTTPS_PROXY: 'http://https:1' }, 'http://https:1'],
    [{ ALL_PROXY: 'http://all:1' }, 'http://all:1'],
    [{ all_proxy: 'http://all:1' }, 'http://all:1'],
    [{ HTTP_PROXY: 'http://p:1', http_proxy: 'http://p:1' }, undefined],
    [{ HTTPS_PROXY: 'https://P.Example/' }, 'https://p.example:443'],
    [{ HTTPS_PROXY: 'proxy.example:3128' }, 'http://proxy.example:3128'],
    [{ HTTPS_PROXY: ' http://[FD00::1]:3128 ' }, 'http://[fd00::1]:3128'],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1', no_proxy: 'other', NO_PROXY: '*' }, 'http://p:1'],
  ])('%o', (env, expected) => expect(proxyOf(env)).toBe(expected));

  it.each(['localhost', '127.0.0.1', '127.9.9.9', '[::1]', 'hub.localhost'])('do not mean this machine: %s', (host) =>
    expect(proxyOf({ HTTPS_PROXY: 'http://p:1' }, `wss://${host}:8443/`)).toBeUndefined(),
  );

  it.each([
    'socks5://user:pa55@p:1080',
    'ftp://user:pa55@p',
    'http://',
    'http://user:pa55@',
    'http://user:pa55@p:port',
    'http://user:pa55@p:70000',
    'http://user:pa55/word@p:3128',
    'http://user:1/pa55@p:3128',
    'http://user:1?pa55@p:3128',
    'http://user:1#pa55@p:3128',
    'http://user:%zzpa55@p:3128',
    'http://p:3128/path',
    'user pa55',
  ])('are named where they are malformed, and not shown: %s', (value) => {
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy']) {
      const error = errorOf(() => createProxyFor({ env: { [name]: value } }));
      expect(error).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field: name } });
      expect(error.message).toContain(`${name}: expected http://`);
      expect(inspect(error)).not.toContain('pa55');
    }
  });
});

describe('the option', () => {
  it('goes before the environment, whatever NO_PROXY says, and means this machine too', () => {
    const env = { HTTPS_PROXY: 'http://other', NO_PROXY: '*' };
    const proxyFor = createProxyFor({ proxy: 'http://p:3128', env });
    for (const url of [HUB, 'https://127.0.0.1/']) expect(proxyFor(new URL(url))?.address).toBe('p:3128');
    expect(createProxyFor({ proxy: false, env: { HTTPS_PROXY: 'nonsense://' } })(new URL(HUB))).toBeUndefined();
  });

  it.each(['', 'ftp://p', true, 7, null, {}])('is checked: %o', (proxy) => {
    expect(errorOf(() => createProxyFor({ proxy: proxy as string, env: {} }))).toMatchObject({ details: { field: 'proxy' } });
  });

  it('gives any user and password to the proxy, and to nobody else', () =>
    forAll(fc.tuple(unicode(), unicode({ minLength: 4 })), ([user, password]) => {
      const proxy = createProxyFor({ proxy: `http://${encodeURIComponent(user)}:${encodeURIComponent(password)}@p:1` })(new URL(HUB));
      const [, base64 = ''] = proxy?.authorization?.reveal().split('Basic ') ?? [];
      expect(Buffer.from(base64, 'base64').toString()).toBe(`${user}:${password}`);
      expect(inspect(proxy, { showHidden: true })).not.toContain(base64);
    }));
});

describe('NO_PROXY', () => {
  it.each<[noProxy: string, host: string, expected: boolean]>([
    ['hub.example', 'hub.example', true],
    ['HUB.Example.', 'hub.example', true],
    ['hub.example', 'hub.example.', true],
    ['example', 'hub.example', true],
    ['.example', 'hub.example', true],
    ['*.example', 'a.b.example', true],
    ['.hub.example', 'hub.example', true],
    ['ub.example', 'hub.example', false],
    ['hub.example', 'example', false],
    ['hub.example:8443', 'hub.example:8443', true],
    ['hub.example:8443', 'hub.example', false],
    ['hub.example:443', 'hub.example', true],
    ['bücher.example', 'xn--bcher-kva.example', true],
    ['a, b\thub.example\n,', 'hub.example', true],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.10', false],
    ['10.0.0.1:443', '10.0.0.1', true],
    ['10.0.0.1:80', '10.0.0.1', false],
    ['10.0.0.0/8', '10.9.9.9', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', 'hub.example', false],
    ['fd00::/8', '[fd12::1]', true],
    ['fd00::/8', '[fe00::1]', false],
    ['fd00::1', '[fd00:0::1]', true],
    ['[fd00::1]', '[fd00::1]', true],
    ['[fd00::1]:8443', '[fd00::1]:8443', true],
    ['[fd00::1]:8443', '[fd00::1]', false],
    ['10.0.0.0/99 /8 10/8 x/ [ : :: ]: ..', '10.0.0.1', false],
    ['', 'hub.example', false],
    ['hub.*', 'hub.example', false],
  ])('%j, %s: %s', (noProxy, host, expected) => expect(isDirect(noProxy, host)).toBe(expected));

  it('means a range as arithmetic does', () =>
    forAll(fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4()), ([network, bits, address]) => {
      const number = (text: string): bigint => text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
      const drop = BigInt(32 - bits);
      const expected = number(network) >> drop === number(address) >> drop;
      expect(isDirect(`${network}/${bits}`, address)).toBe(expected || address.startsWith('127.'));
    }));

  it('means a name and all below it, and no other', () =>
    forAll(fc.tuple(fc.domain(), fc.domain(), fc.constantFrom('', '.', '*.')), ([name, other, before]) => {
      const url = (host: string): string => new URL(`https://${host}/`).hostname;
      if (isIPv4(url(name)) || isIPv4(url(other))) return;
      expect(isDirect(`x ${before}${name},`, name)).toBe(true);
      expect(isDirect(`${before}${name}`, `a.b.${name}`)).toBe(true);
      expect(isDirect(`${before}${name}`, `a${name}`)).toBe(false);
      expect(isDirect(`${before}${name}`, other)).toBe(`.${url(other)}`.endsWith(`.${url(name)}`));
    }));

  it('of any text is read', () => forAll(fc.string(), (text) => expect(isDirect(text, 'hub.example')).toBeTypeOf('boolean')));
});

// URLs of unknown origin: read, or not, but never thrown about.
import { expect, it } from 'vitest';
import { parseUrl } from '../../src/wire/urls.ts';

it.each([
  ['wss://hub.example/x?y=z', 'hub.example'],
  ['HTTPS://HUB.Example:443', 'hub.example'],
  ['https://b\u00fccher.example', 'xn--bcher-kva.example'],
  ['https://[2001:DB8::1]:8443', '[2001:db8::1]'],
])('%s', (text, hostName) => expect(parseUrl(text)?.hostname).toBe(hostName));

it.each(['', 'hub.example', '/v1', 'https://', 'https://a b', 'https://h:99999', 'https://1.2.3.4.5', 'https://[::1'])('not %j', (text) =>
  expect(parseUrl(text)).toBeUndefined(),
);

it('names beyond ASCII stay names, however often they are read', () => {
  // `URL.canParse` of Node 20 says otherwise once it is compiled.
  const hosts = Array.from({ length: 20_000 }, () => parseUrl('wss://h\u00fcb.example/x')?.hostname);
  expect(new Set(hosts)).toEqual(new Set(['xn--hb-xka.example']));
});

// Whose word counts for a client's address and its TLS: a listed proxy's, and nobody else's.
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { isLoopback, parseRange, TrustedProxies } from '../../src/http/trusted-proxies.ts';

type Request = Pick<IncomingMessage, 'socket' | 'headers'>;

const proxies = new TrustedProxies(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);

function request(peer: string | undefined, forwarded: { for?: string; proto?: string | undefined } = {}, encrypted = false): Request {
  const socket = { remoteAddress: peer, ...(encrypted && { encrypted: true }) };
  return { socket, headers: { 'x-forwarded-for': forwarded.for, 'x-forwarded-proto': forwarded.proto } } as unknown as Request;
}

describe('the address of a client', () => {
  it.each([
    { peer: '192.0.2.1', header: '203.0.113.9', client: '192.0.2.1', why: 'the peer is no proxy of ours' },
    { peer: '10.1.2.3', header: undefined, client: '10.1.2.3', why: 'the proxy does not say' },
    { peer: '10.1.2.3', header: '203.0.113.9', client: '203.0.113.9', why: 'the proxy says' },
    { peer: '10.1.2.3', header: '6.6.6.6, 203.0.113.9', client: '203.0.113.9', why: 'the left is what the client says' },
    { peer: '10.1.2.3', header: '6.6.6.6, 203.0.113.9 ,127.0.0.1,10.9.9.9', client: '203.0.113.9', why: 'a chain of proxies' },
    { peer: '10.1.2.3', header: '10.0.0.7, 10.0.0.8', client: '10.0.0.7', why: 'all are ours: it began at the first' },
    { peer: '10.1.2.3', header: '6.6.6.6, unknown', client: '10.1.2.3', why: 'malformed: nothing behind it counts' },
    { peer: '10.1.2.3', header: '6.6.6.6, 203.0.113.9:4711, 10.0.0.8', client: '10.0.0.8', why: 'with a port: malformed' },
    { peer: '10.1.2.3', header: ',', client: '10.1.2.3', why: 'empty' },
    { peer: '::ffff:10.1.2.3', header: '::ffff:203.0.113.9', client: '203.0.113.9', why: 'IPv4 in the spelling of IPv6' },
    { peer: 'fd00::1', header: '2001:db8::5', client: '2001:db8::5', why: 'IPv6' },
    { peer: '2001:db8::5', header: '6.6.6.6', client: '2001:db8::5', why: 'IPv6, not ours' },
  ])('$client: $why', ({ peer, header, client }) => {
    const forwarded = header === undefined ? {} : { for: header };
    expect(proxies.clientOf(request(peer, { ...forwarded, proto: 'https' }, true))).toBe(client);
  });
});

describe('a request without TLS', () => {
  it.each([
    { name: 'from loopback, no proxy of ours', peer: '127.0.0.2' },
    { name: 'from loopback, whose word does not count', peer: '::1', proto: 'http' },
    { name: 'from a proxy that says https', peer: '10.1.2.3', proto: 'https' },
    { name: 'through a chain that says https', peer: '10.1.2.3', proto: 'HTTPS, https' },
    { name: 'from a proxy that says wss, as Traefik does', peer: '10.1.2.3', proto: 'wss' },
  ])('is taken $name', ({ peer, proto }) => {
    expect(proxies.clientOf(request(peer, { proto }))).toBe(peer);
  });

  it.each([
    { name: 'from anywhere else', peer: '192.0.2.1' },
    { name: 'from anywhere else, whatever it says', peer: '192.0.2.1', proto: 'https' },
    { name: 'from a proxy that says nothing', peer: '10.1.2.3' },
    { name: 'from a proxy that says nothing on loopback', peer: '127.0.0.1' },
    { name: 'from a proxy that says http', peer: '10.1.2.3', proto: 'http' },
    { name: 'from a proxy that says ws', peer: '10.1.2.3', proto: 'ws' },
    { name: 'through a chain of which one says http', peer: '10.1.2.3', proto: 'http, https' },
    { name: 'from nobody', peer: undefined },
  ])('is refused $name', ({ peer, proto }) => {
    expect(() => proxies.clientOf(request(peer, { proto }))).toThrow(expect.objectContaining({ code: 'STREAMS_BAD_REQUEST' }));
  });
});

it('a request with TLS needs no word of a proxy, and is refused if that says http', () => {
  expect(proxies.clientOf(request('10.1.2.3', {}, true))).toBe('10.1.2.3');
  expect(proxies.clientOf(request('192.0.2.1', { proto: 'http' }, true))).toBe('192.0.2.1');
  expect(() => proxies.clientOf(request('10.1.2.3', { proto: 'http' }, true))).toThrow('X-Forwarded-Proto: https');
});

it('ranges are addresses, with a prefix or without', () => {
  expect(parseRange('10.0.0.0/8')).toEqual({ address: '10.0.0.0', prefix: 8, family: 'ipv4' });
  expect(parseRange('::1')).toEqual({ address: '::1', prefix: 128, family: 'ipv6' });
  for (const text of ['', '10.0.0.0/', '10.0.0.0/33', '::/129', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0.0/8.0', 'fe80::1%eth0', 'localhost'])
    expect([text, parseRange(text)]).toEqual([text, undefined]);
});

it('loopback is 127.0.0.0/8 and ::1, as addresses', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
    expect([address, isLoopback(address)]).toEqual([address, true]);
  for (const address of ['0.0.0.0', '::', '128.0.0.1', 'localhost', '']) expect([address, isLoopback(address)]).toEqual([address, false]);
});

// By whom limits per address count.
import { BlockList, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LimitsInForce } from '../../src/config/limits-in-force.ts';
import { Sources, sourceOf } from '../../src/http/sources.ts';
import { TrustedProxies } from '../../src/http/trusted-proxies.ts';

const limits = new LimitsInForce({ exemptAddresses: ['198.51.100.0/24'] });
const sources = new Sources(new TrustedProxies(['10.0.0.0/8']), limits);

describe('the source of an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['1::2:3:4:5:192.0.2.1', '1:0:2:3::/64'],
    ['', ''],
  ])('%s: %s', (address, source) => expect(sourceOf(address)).toBe(source));

  it('is the same for two IPv6 addresses if they are of one /64, in whatever spelling', () => {
    const groups = fc.array(fc.constantFrom('0', '0', '1', 'ab', '0db8', 'FFFF'), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, groups, fc.boolean(), (one, other, isNear) => {
        const near = isNear ? [...one.slice(0, 4), ...other.slice(4)] : other;
        const [a, b] = [one, near].map((all) => all.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')) as [string, string];
        if (!isIPv6(a) || !isIPv6(b)) return;
        const network = new BlockList();
        network.addSubnet(a, 64, 'ipv6');
        expect([a, b, sourceOf(a) === sourceOf(b)]).toEqual([a, b, network.check(b, 'ipv6')]);
      }),
      { numRuns: 300 },
    );
  });
});

it('nobody is limited as one address who is many, or exempt', () => {
  expect(sources.of('10.1.2.3', true)).toBeUndefined();
  expect(sources.of('198.51.100.7', true)).toBeUndefined();
  // Without TLS that is the program on this machine that ends it.
  expect(sources.of('127.0.0.1', false)).toBeUndefined();
  expect(sources.of('127.0.0.1', true)).toBe('127.0.0.1');
  expect(sources.of('203.0.113.9', false)).toBe('203.0.113.9');
  limits.update({});
  expect(sources.of('198.51.100.7', true)).toBe('198.51.100.7');
});

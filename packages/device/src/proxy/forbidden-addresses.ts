// Addresses that a target's name must not lead to: link-local ones, the metadata services of clouds, and this process's own inspector.
import { url as inspectorUrl } from 'node:inspector';
import { BlockList, isIPv6 } from 'node:net';

const forbidden = new BlockList();
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('fe80::', 10, 'ipv6');
/** Metadata services that are not link-local: Alibaba, Azure, Oracle, then AWS and Google over IPv6. */
for (const address of ['100.100.100.200', '168.63.129.16', '192.0.0.192']) forbidden.addAddress(address, 'ipv4');
for (const address of ['fd00:ec2::254', 'fd00:ec2::253', 'fd00:ec2::23', 'fd20:ce::254']) forbidden.addAddress(address, 'ipv6');

/** True if no name may lead there; an IPv4 address within an IPv6 one counts as itself. */
export function isForbidden(address: string, port: number): boolean {
  const [bare = address] = address.split('%');
  return forbidden.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4') || (port === inspectorPort() && isOwn(bare));
}

const own = new BlockList();
own.addSubnet('127.0.0.0', 8, 'ipv4');
own.addAddress('0.0.0.0', 'ipv4');
own.addAddress('::1', 'ipv6');
own.addAddress('::', 'ipv6');

function isOwn(address: string): boolean {
  return own.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function inspectorPort(): number | undefined {
  const url = inspectorUrl();
  return url === undefined ? undefined : Number(new URL(url).port);
}

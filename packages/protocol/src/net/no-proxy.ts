// Reads NO_PROXY: which hosts are reached directly although there is a proxy.
import { BlockList, isIP, isIPv6 } from 'node:net';
import { hostOf, parseUrl, portOf } from '../wire/urls.ts';

/** True for a host (IPv6 without brackets) and a port that an entry means. */
type Rule = (host: string, port: number) => boolean;

const NOTHING: Rule = () => false;

/**
 * Entries stand apart by commas or spaces: `*`; a name, which includes all names below it, with or without a dot in front;
 * an address; a range such as `10.0.0.0/8` or `fd00::/8`; names and addresses with `:port` too. Others mean nothing.
 */
export function parseNoProxy(text: string): (url: URL) => boolean {
  const rules = text
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(ruleOf);
  return (url) => rules.some((matches) => matches(hostOf(url), portOf(url)));
}

function ruleOf(entry: string): Rule {
  if (entry === '*') return () => true;
  if (entry.includes('/')) return rangeRule(entry);
  // An IPv6 address without brackets has no port.
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const host = bracketed ?? plain ?? entry;
  const matches = isIP(host) === 0 ? nameRule(host) : listRule((list) => list.addAddress(host, familyOf(host)));
  return port === undefined ? matches : (...target) => target[1] === Number(port) && matches(...target);
}

function nameRule(text: string): Rule {
  const name = parseUrl(`http://${text.replace(/^\*?\./, '')}`)?.hostname.replace(/\.$/, '');
  if (!name) return NOTHING;
  return (host) => host === name || host.endsWith(`.${name}`);
}

function rangeRule(entry: string): Rule {
  const [, network = '', prefix] = /^(.+)\/(\d{1,3})$/.exec(entry) ?? [];
  return isIP(network) === 0 ? NOTHING : listRule((list) => list.addSubnet(network, Number(prefix), familyOf(network)));
}

function listRule(fill: (list: BlockList) => void): Rule {
  const list = new BlockList();
  try {
    fill(list);
  } catch {
    return NOTHING;
  }
  return (host) => isIP(host) !== 0 && list.check(host, familyOf(host));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

// By which names a hub can be reached: what was given, the address it listens on, the machine's name, and loopback.
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import { parseHost } from '@streams/protocol/internal';

/** What was given. */
export interface NameOptions {
  readonly hostName?: readonly string[] | undefined;
  readonly listen?: string | undefined;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Each name once. The first goes into connection strings: one that was given, else the address, else the machine's name. */
export async function hubNames({ hostName = [], listen }: NameOptions): Promise<string[]> {
  const address = listen === undefined || isAny(listen) ? [] : [inUrl(listen)];
  const machine = hostname().toLowerCase();
  const usable = parseHost(machine) === undefined ? [] : [machine];
  // A name that not even this machine can resolve would make a connection string that nobody can use.
  const last = usable.length > 0 && !(await canResolve(machine)) ? [...LOOPBACK, ...usable] : [...usable, ...LOOPBACK];
  return [...new Set([...hostName.map(inUrl), ...address, ...last])];
}

/** Where programs on this machine reach a hub that listens there. */
export function localAddress(listen: string | undefined): string {
  return listen === undefined || isAny(listen) ? '127.0.0.1' : inUrl(listen);
}

function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function inUrl(name: string): string {
  return isIPv6(name) ? `[${name}]` : name.toLowerCase();
}

async function canResolve(name: string): Promise<boolean> {
  return lookup(name).then(
    () => true,
    () => false,
  );
}

// The connection to a service of the device: names are resolved here, and only to addresses that they may lead to.
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { type Clock, CONNECT_TIMEOUT_MS, SPLICE_SOCKET } from '@streams/protocol/internal';
import { isForbidden } from './forbidden-addresses.ts';

/** Finds all addresses of a host name. */
export type Lookup = (host: string) => Promise<readonly LookupAddress[]>;

/** What connecting needs. */
export interface ConnectContext {
  readonly clock: Clock;
  readonly lookup: Lookup;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** Why there is no connection, in words for the service; the device's addresses are not in it. */
export interface TargetFailure {
  readonly reason: string;
  readonly cause: unknown;
}

/** The machine's own resolver. */
export const systemLookup: Lookup = (host) =>
  new Promise((resolve, reject) => {
    dnsLookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

/** Resolves once TCP is connected, or has failed. */
export async function connectTarget(
  { host, port }: { host: string; port: number },
  context: ConnectContext,
): Promise<Socket | TargetFailure> {
  const { clock, lookup, signal } = context;
  const socket = connect({ host, port, lookup: lookupFor(lookup, port), autoSelectFamily: true, ...SPLICE_SOCKET });
  return new Promise((resolve) => {
    const fail = (cause: unknown, reason = reasonOf(cause)): void => {
      settle({ reason, cause });
      socket.destroy();
    };
    const onAbort = (): void => fail(signal.reason, 'the handshake is over');
    const cancel = clock.after(CONNECT_TIMEOUT_MS, () => fail(undefined, `no answer on the device within ${CONNECT_TIMEOUT_MS} ms`));
    const settle = (result: Socket | TargetFailure): void => {
      cancel();
      signal.removeEventListener('abort', onAbort);
      resolve(result);
    };
    socket.once('connect', () => settle(socket));
    // Stays, so that an error before the splice ends no process; the splice sees it by itself.
    socket.on('error', (error) => fail(error));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** An address that stands in the configuration literally is not asked for. */
function lookupFor(lookup: Lookup, port: number): LookupFunction {
  return (host, options, callback) => {
    const resolved = (addresses: readonly LookupAddress[]): void => {
      const allowed = addresses.filter(({ address }) => isIP(address) !== 0 && !isForbidden(address, port));
      const [first] = allowed;
      if (first === undefined) callback(Object.assign(refusal(host), { code: FORBIDDEN }), '');
      else if (options.all) callback(null, [...allowed]);
      else callback(null, first.address, first.family);
    };
    lookup(host).then(resolved, (error: unknown) => callback(error as NodeJS.ErrnoException, ''));
  };
}

const FORBIDDEN = 'FORBIDDEN_ADDRESS';

function refusal(host: string): Error {
  return new TypeError(`${host} leads to no address that a name may lead to: write the address itself if it is meant`);
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused on the device',
  ETIMEDOUT: 'no answer on the device',
  EHOSTUNREACH: 'host unreachable from the device',
  ENETUNREACH: 'network unreachable from the device',
  ENOTFOUND: 'host name not found on the device',
  [FORBIDDEN]: 'address not allowed on the device',
};

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error';
  return REASONS[code] ?? `connection failed on the device (${code})`;
}

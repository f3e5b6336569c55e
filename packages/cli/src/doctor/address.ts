// The way to a host, as far as TCP: which proxy, which addresses, and whether anybody listens there.
import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import {
  CONNECT_TIMEOUT_MS,
  connectError,
  createError,
  createProxyFor,
  deferred,
  hostOf,
  type HttpProxy,
  openTunnel,
  portOf,
  systemClock,
} from '@streams/protocol/internal';
import { type Finding, ok } from './check.ts';

/** Which of the variables applies; never what a URL of a proxy holds beside its address. */
export async function checkProxy(url: URL): Promise<Finding> {
  const proxy = createProxyFor({})(url);
  if (proxy) return ok(`${proxy.address}, by ${proxy.source}${proxy.authorization ? ', with a user and a password' : ''}`);
  const { NO_PROXY: _upper, no_proxy: _lower, ...env } = process.env;
  const withoutExemption = createProxyFor({ env });
  if (withoutExemption(url)) return ok(`none: NO_PROXY exempts ${hostOf(url)}`);
  const isSet = withoutExemption(new URL('https://hub.example')) !== undefined;
  return ok(isSet ? 'none: the hub is on this machine' : 'none: HTTPS_PROXY is not set');
}

/** Looks up who is dialled: the hub, or the proxy, which looks up the hub by itself. */
export async function checkDns(url: URL): Promise<Finding> {
  const proxy = createProxyFor({})(url);
  const host = proxy?.host ?? hostOf(url);
  if (isIP(host) !== 0) return ok(`${host} is an address`);
  const found = await lookUp(host);
  return ok(`${proxy ? 'the proxy ' : ''}${host} is ${found.join(', ')}`);
}

/** Connects, through the proxy if there is one, and hangs up. */
export async function checkTcp(url: URL): Promise<Finding> {
  const proxy = createProxyFor({})(url);
  const startMs = systemClock.monotonicMs();
  const end = new AbortController();
  const stopWaiting = systemClock.after(CONNECT_TIMEOUT_MS, () => end.abort(timedOut(url, proxy)));
  try {
    const through = proxy ? await tunnel(proxy, url, end.signal) : await direct(url, end.signal);
    return ok(`connected to ${through} in ${(systemClock.monotonicMs() - startMs).toFixed(0)} ms`);
  } finally {
    stopWaiting();
  }
}

async function lookUp(host: string): Promise<string[]> {
  const slow = deferred<never>();
  const stopWaiting = systemClock.after(CONNECT_TIMEOUT_MS, () =>
    slow.reject(createError('CONNECT_FAILED', { message: `DNS did not answer within ${CONNECT_TIMEOUT_MS} ms`, details: OFFLINE })),
  );
  try {
    const found = await Promise.race([lookup(host, { all: true }), slow.promise]);
    return found.map(({ address }) => address);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOTFOUND' && code !== 'EAI_AGAIN') throw connectError(cause);
    const message = code === 'ENOTFOUND' ? `the name ${host} has no address` : `no DNS server answered for ${host}`;
    throw createError('CONNECT_FAILED', { message, details: code === 'ENOTFOUND' ? UNKNOWN : OFFLINE, cause });
  } finally {
    stopWaiting();
  }
}

async function tunnel(proxy: HttpProxy, url: URL, signal: AbortSignal): Promise<string> {
  const socket = await openTunnel(proxy, `${url.hostname}:${portOf(url)}`, signal);
  socket.destroy();
  return `${url.host} through the proxy`;
}

async function direct(url: URL, signal: AbortSignal): Promise<string> {
  const connected = deferred<void>();
  const socket = connect({ host: hostOf(url), port: portOf(url) }, connected.resolve);
  socket.on('error', (cause) => connected.reject(refusal(cause)));
  signal.addEventListener('abort', () => connected.reject(signal.reason), { once: true });
  try {
    await connected.promise;
    return `${socket.remoteAddress}:${socket.remotePort}`;
  } finally {
    socket.destroy();
  }
}

function refusal(cause: NodeJS.ErrnoException): Error {
  const error = connectError(cause);
  const remedy = REMEDIES[cause.code ?? ''];
  return remedy === undefined
    ? error
    : createError('CONNECT_FAILED', { message: error.message, details: { ...error.details, remedy }, cause });
}

function timedOut(url: URL, proxy: HttpProxy | undefined): Error {
  const whom = proxy ? `the proxy ${proxy.address}` : url.host;
  const remedy = 'a firewall drops the packets, or the address is wrong: this machine must be permitted to connect there';
  return createError('CONNECT_FAILED', { message: `${whom} did not answer within ${CONNECT_TIMEOUT_MS} ms`, details: { remedy } });
}

const UNKNOWN = { remedy: "correct HostName in the connection string, or add the name to DNS or this machine's hosts file" };
const OFFLINE = { remedy: 'is this machine on a network, and is its DNS server right?' };
const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens on that port: is the hub running (`streams hub start`), and is the port the one of the connection string?',
  EHOSTUNREACH: 'no way leads there: is this machine on a network?',
  ENETUNREACH: 'no way leads there: is this machine on a network?',
};

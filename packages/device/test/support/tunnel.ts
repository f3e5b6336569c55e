// A whole TCP tunnel: a server of the test's own, both proxies, a real hub between them, and clients of the local port.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createDeviceProxy, type DeviceClient, type DeviceProxy, type DeviceProxyOptions, type DeviceProxyService } from '@streams/device';
import type { HubOptions } from '@streams/hub';
import { createServiceProxy, type ServiceClient, type ServiceProxy } from '@streams/service';
import { onTestFinished } from 'vitest';
import { DEVICE, type Rig, startRig } from './rig.ts';

/** A line of a proxy's log. */
interface Line {
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

export interface Tunnel {
  readonly rig: Rig;
  readonly device: DeviceClient;
  readonly service: ServiceClient;
  readonly deviceProxy: DeviceProxy;
  readonly serviceProxy: ServiceProxy;
  readonly deviceLog: Line[];
  readonly serviceLog: Line[];
  /** A client of the first forward, or of another one. */
  readonly dial: (index?: number) => Promise<Socket>;
}

export interface TunnelOptions extends Partial<DeviceProxyOptions> {
  /** Of the forwards. Default: `tcp`. */
  readonly names?: string[];
  readonly hub?: Partial<HubOptions>;
}

/** Options of a socket that ends each direction by itself. */
const HALF_OPEN = { allowHalfOpen: true, noDelay: true };

/** Starts everything; `target` is `host:port`, or the service `tcp` as a whole. */
export async function startTunnel(target: string | DeviceProxyService, options: TunnelOptions = {}): Promise<Tunnel> {
  const { names = ['tcp'], hub = {}, ...others } = options;
  const rig = await startRig(hub);
  const deviceLog: Line[] = [];
  const serviceLog: Line[] = [];
  const device = await rig.device();
  const deviceProxy = createDeviceProxy(device, {
    services: { tcp: target },
    clock: rig.clock,
    logger: recorder(deviceLog),
    ...others,
  });
  await device.connect();
  const service = await rig.service();
  const serviceProxy = await createServiceProxy(service, {
    deviceId: DEVICE,
    forwards: names.map((name) => ({ port: 0, name })),
    clock: rig.clock,
    logger: recorder(serviceLog),
  });
  rig.onEnd(() => Promise.all([deviceProxy.close(), serviceProxy.close()]));
  const dial = (index = 0): Promise<Socket> => dialPort(serviceProxy.forwards[index]?.port ?? 0);
  return { rig, device, service, deviceProxy, serviceProxy, deviceLog, serviceLog, dial };
}

function recorder(lines: Line[]): { info: Log; warn: Log; error: Log } {
  const log: Log = (fields, message) => void lines.push({ fields: fields as Line['fields'], message });
  return { info: log, warn: log, error: log };
}
type Log = (fields: object, message: string) => void;

/** A server that ends with the test. Gives its `host:port`. */
async function serve(onSocket: (socket: Socket) => void): Promise<{ target: string; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer(HALF_OPEN, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    onSocket(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { target: `127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** A server whose connections the test takes one by one. */
export async function accepting(): Promise<{ target: string; next: () => Promise<Socket> }> {
  const waiting: Socket[] = [];
  let wake: (() => void) | undefined;
  const { target } = await serve((socket) => {
    waiting.push(socket);
    wake?.();
  });
  const next = async (): Promise<Socket> => {
    while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return waiting.shift() as Socket;
  };
  return { target, next };
}

export const echoServer = (): Promise<{ target: string; server: Server }> => serve((socket) => void socket.pipe(socket));

export async function dialPort(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, ...HALF_OPEN });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** How a connection ends: `end`, or the code of its error. */
export function endOf(socket: Socket): Promise<string> {
  if (socket.errored) return Promise.resolve((socket.errored as NodeJS.ErrnoException).code ?? 'error');
  return new Promise((resolve) => {
    socket.once('end', () => resolve('end'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    socket.once('close', () => resolve('close'));
    socket.resume();
  });
}

/** All that comes until the end; the other direction stays open. */
export async function textOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) text += String(chunk);
  return text;
}

/** SHA-256 of all that comes until the end. */
export async function hashOf(socket: Socket): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

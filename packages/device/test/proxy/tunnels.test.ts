// The proxies' tunnels: one for all connections of a name, gone when nobody needs it; streams where the device takes no tunnel.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { LogRecord } from '@streams/hub/testing';
import type { StreamRequest } from '@streams/device';
import { STREAMS_ONLY_MS } from '@streams/protocol/internal';
import { createServiceProxy } from '@streams/service';
import { freePort } from '@streams/testkit';
import { expect, it } from 'vitest';
import { DEVICE, echo, expectNoLeaks, lastingOptions, MUTE, startRig, until } from '../support/rig.ts';
import { startScene } from '../support/session-scene.ts';
import { accepting, dialPort, echoServer, endOf, startTunnel, textOf } from '../support/tunnel.ts';

expectNoLeaks();

const IDLE_MS = 60_000;

async function exchange(dial: () => Promise<Socket>, text: string): Promise<string> {
  const socket = await dial();
  socket.end(text);
  return textOf(socket);
}

it('the first connection opens it, all share it, and it goes when it was idle', async () => {
  const { rig, dial, deviceProxy } = await startTunnel((await echoServer()).target);
  const { records } = rig.hub;
  for (const text of ['one', 'two', 'three']) expect(await exchange(dial, text)).toBe(text);
  expect(records.map(({ operation }) => operation)).toEqual(['handshake']);
  await until('nothing is open', () => deviceProxy.openStreams === 0);
  const long = await dial();
  long.write('x');
  await once(long, 'data');
  await rig.clock.advance(2 * IDLE_MS, { realMs: 1 });
  expect(records).toHaveLength(1);
  long.end();
  await textOf(long);
  await until('nothing is open', () => deviceProxy.openStreams === 0);
  await rig.clock.advance(IDLE_MS - 1_000, { realMs: 1 });
  expect(records).toHaveLength(1);
  await rig.passUntil(until('the tunnel is over', () => records.length === 2));
  expect(records[1]).toMatchObject({ operation: 'stream', result: 'clean' });
  expect(await exchange(dial, 'again')).toBe('again');
  expect(records.filter(({ operation }) => operation === 'handshake')).toHaveLength(2);
});

it('goes as well when the connection that it was opened for is gone before', async () => {
  const rig = await startRig();
  const device = await rig.device();
  let accept: (() => void) | undefined;
  device.onStreamRequest((request) => void (accept = () => void request.acceptTunnel()), { tunnels: true });
  await device.connect();
  const service = await rig.service();
  const proxy = await createServiceProxy(service, { deviceId: DEVICE, forwards: [{ port: 0, name: 'tcp' }], clock: rig.clock });
  rig.onEnd(() => proxy.close());
  const client = await dialPort(proxy.forwards[0]?.port ?? 0);
  await until('the device is asked', () => accept !== undefined);
  client.resetAndDestroy();
  accept?.();
  await until('it stands', () => rig.hub.records.length === 1);
  await rig.passUntil(until('the tunnel is over', () => rig.hub.records.length === 2));
  expect(rig.hub.records[1]).toMatchObject({ operation: 'stream', result: 'clean' });
});

it('close() of the proxy waits for no device that does not answer', async () => {
  const rig = await startRig();
  const device = await rig.device();
  let isAsked = false;
  device.onStreamRequest(() => void (isAsked = true), { tunnels: true });
  await device.connect();
  const service = await rig.service();
  const proxy = await createServiceProxy(service, { deviceId: DEVICE, forwards: [{ port: 0, name: 'tcp' }], clock: rig.clock });
  const client = await dialPort(proxy.forwards[0]?.port ?? 0);
  await until('the device is asked', () => isAsked);
  await proxy.close();
  expect(await endOf(client)).toBe('ECONNRESET');
});

it('a connection that came just before its tunnel was lost is told at once that the device is gone', async () => {
  const { rig, device, service, link, legs } = await startScene();
  let isAsked = false;
  const take = async (request: StreamRequest): Promise<void> => {
    (await request.acceptTunnel()).onRawRequest = () => void (isAsked = true);
  };
  device.onStreamRequest(take, { tunnels: true });
  const said: string[] = [];
  const logger = { ...MUTE, warn: (_fields: object, message: string) => void said.push(message) };
  const proxy = await createServiceProxy(service, { deviceId: DEVICE, forwards: [{ port: 0, name: 'tcp' }], clock: rig.clock, logger });
  rig.onEnd(() => proxy.close());
  const client = await dialPort(proxy.forwards[0]?.port ?? 0);
  await rig.passUntil(until('the device is asked', () => isAsked));
  link.retarget(await freePort());
  for (const connection of link.connections) connection.reset();
  await expect(service.createStream(DEVICE)).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_CONNECTED' });
  for (const connection of legs.connections) connection.reset();
  // No time passes: it waits for nothing.
  expect(await endOf(client)).toBe('ECONNRESET');
  expect(said).toEqual(['no connection to tcp of pump-7: the device is not connected to the hub']);
});

it('a device that takes streams only is asked once in five minutes for a tunnel, and for a stream for each connection', async () => {
  const rig = await startRig();
  const device = await rig.device();
  const unregister = device.onStreamRequest(async (request) => void echo(await request.accept()));
  await device.connect();
  const service = await rig.service();
  const proxy = await createServiceProxy(service, { deviceId: DEVICE, forwards: [{ port: 0, name: 'tcp' }], clock: rig.clock });
  rig.onEnd(() => proxy.close());
  const dial = () => dialPort(proxy.forwards[0]?.port ?? 0);
  for (const text of ['one', 'two']) expect(await exchange(dial, text)).toBe(text);
  const results = (records: LogRecord[]): unknown[] =>
    records.filter(({ operation }) => operation === 'handshake').map(({ code, result }) => code ?? result);
  expect(results(rig.hub.records)).toEqual(['PROTOCOL_MISMATCH', 'established', 'established']);
  // Another version of the device takes tunnels; nobody knows before the time is over.
  unregister();
  const takeAll = async (request: StreamRequest): Promise<void> => {
    if (!request.isTunnel) return void echo(await request.accept());
    (await request.acceptTunnel()).onChannelRequest((channel) => void echo(channel.accept()));
  };
  device.onStreamRequest(takeAll, { tunnels: true });
  await rig.clock.advance(STREAMS_ONLY_MS - 1_000);
  expect(await exchange(dial, 'three')).toBe('three');
  await rig.clock.advance(1_000);
  for (const text of ['four', 'five']) expect(await exchange(dial, text)).toBe(text);
  // The last two share a tunnel.
  expect(results(rig.hub.records).slice(3)).toEqual(['established', 'established']);
});

it('update() counts for the next connection of a tunnel that stands, as it does for streams', async () => {
  const { target } = await echoServer();
  const { rig, dial, deviceProxy, serviceLog } = await startTunnel(target);
  const running = await dial();
  running.write('x');
  await once(running, 'data');
  deviceProxy.update({ services: { tcp: { target, policies: ['another'] } }, clock: rig.clock });
  expect(await endOf(await dial())).toBe('ECONNRESET');
  await until('it is said', () => serviceLog.length > 1);
  expect(serviceLog.at(-1)?.message).toContain('service tcp is not for policy test');
  running.end('still here');
  expect(await textOf(running)).toBe('still here');
});

it('a hub that does not come back: connections end with a reset, never with an end', async () => {
  const { target, next } = await accepting();
  const { rig, dial } = await startTunnel(target, { hub: await lastingOptions() });
  const client = await dial();
  const server = await next();
  const ends = Promise.all([endOf(client), endOf(server)]);
  await rig.passUntil(rig.hub.close());
  expect(await rig.passUntil(ends, 200)).toEqual(['ECONNRESET', 'ECONNRESET']);
  expect(rig.clock.monotonicMs()).toBeGreaterThan(100_000);
});

// The service proxy: where it listens, what a connection hears of a stream that failed, and how it closes.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { StreamRequestHandler } from '@streams/device';
import { createServiceProxy, type Forward, type ServiceProxy, type ServiceProxyOptions, type StreamsError } from '@streams/service';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DEVICE, expectNoLeaks, type Rig, startRig, until } from '../support/rig.ts';

expectNoLeaks();

interface Proxied {
  readonly rig: Rig;
  readonly proxy: ServiceProxy;
  /** Messages of the log. */
  readonly log: string[];
}

async function startProxy(handler?: StreamRequestHandler, options: Partial<ServiceProxyOptions> = {}): Promise<Proxied> {
  const rig = await startRig();
  await rig.device(handler);
  const log: string[] = [];
  const note = (_fields: object, message: string): void => void log.push(message);
  const proxy = await createServiceProxy(await rig.service(), {
    deviceId: DEVICE,
    forwards: [{ port: 0, name: 'echo' }],
    logger: { info: note, warn: note, error: note },
    ...options,
  });
  rig.onEnd(() => proxy.close());
  return { rig, proxy, log };
}

async function dial(proxy: ServiceProxy, index = 0): Promise<Socket> {
  const { host = '', port = 0 } = proxy.forwards[index] ?? {};
  const socket = connect({ host, port, allowHalfOpen: true });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** The code of the error that ends a connection; empty where none does. */
function errorOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.resume().once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.once('end', () => resolve(''));
  });
}

describe('createServiceProxy', () => {
  it('listens on loopback, each forward with its own name and port', async () => {
    const names: string[] = [];
    const { proxy } = await startProxy(
      async (request) => {
        names.push(request.name);
        const stream = await request.accept();
        stream.pipe(stream);
      },
      {
        forwards: [
          { port: 0, name: 'one' },
          { port: 0, host: '::1', name: 'two' },
        ],
      },
    );
    expect(proxy.forwards).toMatchObject([
      { host: '127.0.0.1', name: 'one' },
      { host: '::1', name: 'two' },
    ]);
    for (const index of [0, 1]) {
      const socket = await dial(proxy, index);
      socket.end('hello');
      expect((await socket.toArray()).join('')).toBe('hello');
    }
    expect(names).toEqual(['one', 'two']);
  });

  it('a rejected stream resets its connection and says why in one line; the listener lives on', async () => {
    const { proxy, log } = await startProxy((request) => request.reject('not today'));
    for (let round = 0; round < 2; round += 1) expect(await errorOf(await dial(proxy))).toBe('ECONNRESET');
    expect(log.slice(1)).toEqual(Array.from({ length: 2 }, () => 'no connection to echo of pump-7: not today'));
  });

  it('a client that goes away ends the handshake at the device', async () => {
    let ended: unknown;
    const { proxy, log } = await startProxy((request) => {
      request.signal.addEventListener('abort', () => (ended = request.signal.reason));
      socket?.resetAndDestroy();
    });
    const socket: Socket | undefined = await dial(proxy);
    await until('the handshake is over', () => ended !== undefined);
    expect(log).toHaveLength(1);
  });

  it('a port that is taken is named, and what was listened on before is free again', async () => {
    const { rig, proxy } = await startProxy();
    const [{ port: taken } = { port: 0 }] = proxy.forwards;
    const service = await rig.service();
    const forwards = [
      { port: 0, name: 'one' },
      { port: taken, name: 'two' },
    ];
    await expect(createServiceProxy(service, { deviceId: DEVICE, forwards })).rejects.toMatchObject({
      code: 'STREAMS_INVALID_ARGUMENT',
      message: `forwards[1].port: cannot listen on port ${taken} of 127.0.0.1: EADDRINUSE`,
      details: { field: 'forwards[1].port' },
    });
  });

  it('close resets what is open and what waits, and frees the port', async () => {
    let requests = 0;
    const { proxy } = await startProxy(async (request) => {
      requests += 1;
      if (requests === 1) (await request.accept()).resume();
    });
    const open = await dial(proxy);
    await until('the first request', () => requests === 1);
    const waiting = await dial(proxy);
    await until('the second request', () => requests === 2);
    const ends = [errorOf(open), errorOf(waiting)];
    await proxy.close();
    expect(await Promise.all(ends)).toEqual(['ECONNRESET', 'ECONNRESET']);
    await expect(dial(proxy)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each<[Partial<Record<keyof ServiceProxyOptions, unknown>>, string]>([
    [{ deviceId: '..' }, 'deviceId'],
    [{ forwards: [] }, 'forwards'],
    [{ forwards: [{ port: 65_536, name: 'a' }] }, 'forwards[0].port'],
    [{ forwards: [{ port: 0, name: 'a' }, { port: 0 }] }, 'forwards[1].name'],
    [{ forwards: [{ port: 0, name: 'a', host: '' }] }, 'forwards[0].host'],
    [{ timeoutMs: 60_001 }, 'timeoutMs'],
  ])('%j: names the field', async (wrong, field) => {
    const service = await (await startRig()).service();
    const forwards: Forward[] = [{ port: 0, name: 'a' }];
    const options = { deviceId: DEVICE, forwards, ...wrong } as ServiceProxyOptions;
    const error: unknown = await createServiceProxy(service, options).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'STREAMS_INVALID_ARGUMENT', details: { field } });
    expect((error as StreamsError).message).toContain(`${field}: expected`);
  });
});

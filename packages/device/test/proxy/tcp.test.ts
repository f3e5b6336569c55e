// TCP through both proxies and a real hub keeps its meaning: bytes, ends, resets, and the independence of connections.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { expectNoLeaks, lastingOptions, until } from '../support/rig.ts';
import { accepting, echoServer, endOf, hashOf, startTunnel, textOf } from '../support/tunnel.ts';

expectNoLeaks();

const MIB = 2 ** 20;

describe('bytes', () => {
  it('16 MiB both ways at once, unchanged', async () => {
    const { target, next } = await accepting();
    const { dial } = await startTunnel(target);
    const client = await dial();
    const server = await next();
    const [up, down] = [randomBytes(16 * MIB), randomBytes(16 * MIB)];
    const hashes = [hashOf(server), hashOf(client)];
    client.end(up);
    server.end(down);
    expect(await Promise.all(hashes)).toEqual([up, down].map((bytes) => createHash('sha256').update(bytes).digest('hex')));
  });

  it('fifty connections at once, each its own', async () => {
    const tunnel = await startTunnel((await echoServer()).target);
    const texts = Array.from({ length: 50 }, (_, index) => `connection ${index}`);
    const answers = texts.map(async (text) => {
      const socket = await tunnel.dial();
      socket.end(text);
      return textOf(socket);
    });
    expect(await Promise.all(answers)).toEqual(texts);
    await until('all streams are over', () => tunnel.deviceProxy.openStreams === 0);
    expect(tunnel.deviceLog.filter(({ fields }) => fields['clean'] === true)).toHaveLength(50);
  });

  it('D15 a client that does not read stalls nobody else', async () => {
    const { target, next } = await accepting();
    const { dial } = await startTunnel(target);
    const stuck = await dial();
    stuck.pause();
    const flood = await next();
    let isFull = false;
    const pour = (): void => {
      while (!isFull && flood.write(Buffer.alloc(MIB)));
    };
    flood.on('drain', pour);
    pour();
    for (let round = 0; round < 20; round += 1) {
      const socket = await dial();
      const server = await next();
      server.pipe(server);
      socket.end('ping');
      expect(await textOf(socket)).toBe('ping');
    }
    // What is bounded in between: the buffers of four sockets, two streams and the hub.
    isFull = true;
    expect(flood.writableLength).toBeGreaterThan(0);
    expect(flood.bytesWritten - flood.writableLength).toBeLessThan(64 * MIB);
    stuck.destroy();
    flood.destroy();
  });
});

describe('ends', () => {
  it('E4 half-close: the client has ended and the server still answers, and the other way round', async () => {
    const { target, next } = await accepting();
    const { dial } = await startTunnel(target);
    const client = await dial();
    const server = await next();
    client.end('question');
    expect(await textOf(server)).toBe('question');
    server.end('answer');
    expect(await textOf(client)).toBe('answer');

    const other = await dial();
    const greeting = await next();
    greeting.end('bye');
    expect(await textOf(other)).toBe('bye');
    other.end('last words');
    expect(await textOf(greeting)).toBe('last words');
  });

  it('what is written just before a close arrives', async () => {
    const { target, next } = await accepting();
    const { dial } = await startTunnel(target);
    const client = await dial();
    client.write(Buffer.alloc(MIB, 'x'));
    client.destroySoon();
    const server = await next();
    expect(await textOf(server)).toHaveLength(MIB);
    server.end();
  });

  it.each([
    ['idle', 0],
    ['together with unread data', 1_000],
  ])('a reset of the client is a reset at the server: %s', async (_how, bytes) => {
    const { target, next } = await accepting();
    const { dial, deviceLog } = await startTunnel(target);
    const client = await dial();
    const server = await next();
    client.write('hello');
    await once(server, 'data');
    const ended = endOf(server);
    if (bytes > 0) client.write(Buffer.alloc(bytes));
    client.resetAndDestroy();
    expect(await ended).toBe('ECONNRESET');
    await until('the log', () => deviceLog.some(({ message }) => message.endsWith('has ended')));
    expect(deviceLog.at(-1)?.fields).toMatchObject({ name: 'tcp', policy: 'test', clean: false, reason: 'connection reset' });
  });

  it.each([
    ['idle', 0],
    ['together with unread data', 1_000],
  ])('a reset of the server is a reset at the client: %s', async (_how, bytes) => {
    const { target, next } = await accepting();
    const { dial, serviceLog } = await startTunnel(target);
    const client = await dial();
    const server = await next();
    server.write('hello');
    await once(client, 'data');
    const ended = endOf(client);
    if (bytes > 0) server.write(Buffer.alloc(bytes));
    server.resetAndDestroy();
    expect(await ended).toBe('ECONNRESET');
    await until('the log', () => serviceLog.some(({ message }) => message.includes('was cut: connection reset')));
  });

  it('a reset after the other direction has ended is a reset', async () => {
    const { target, next } = await accepting();
    const { dial } = await startTunnel(target);
    const client = await dial();
    const server = await next();
    server.end('all of it');
    expect(await textOf(client)).toBe('all of it');
    const ended = endOf(server);
    client.resetAndDestroy();
    expect(await ended).toBe('ECONNRESET');
  });
});

describe('the hub', () => {
  it('restarts: connections go on, with what was written meanwhile; new ones work', async () => {
    const lasting = await lastingOptions();
    const { target } = await echoServer();
    const { rig, device, dial } = await startTunnel(target, { hub: lasting });
    const client = await dial();
    client.write('before ');
    await once(client, 'data');
    // What comes back before `textOf` listens is to wait for it.
    client.pause();
    await rig.passUntil(rig.hub.close());
    client.write('meanwhile ');

    await rig.startAgain(lasting);
    await rig.passUntil(until('the device is back', () => device.state.name === 'connected', 15_000));
    client.end('after');
    expect(await rig.passUntil(textOf(client))).toBe('meanwhile after');
    const next = await dial();
    next.end('next');
    expect(await textOf(next)).toBe('next');
  });

  it('is gone: a new connection is reset with the reason, while the older ones wait; the listener lives', async () => {
    const lasting = await lastingOptions();
    const { target } = await echoServer();
    const { rig, dial, serviceLog, device } = await startTunnel(target, { hub: lasting });
    const first = await dial();
    first.write('x');
    await once(first, 'data');
    await rig.passUntil(rig.hub.close());
    expect(await rig.passUntil(endOf(await dial()))).toBe('ECONNRESET');
    expect(serviceLog.at(-1)?.message).toMatch(/^no connection to tcp of pump-7: the hub cannot be reached: /);
    expect(first.destroyed).toBe(false);

    await rig.startAgain(lasting);
    await rig.passUntil(until('the device is back', () => device.state.name === 'connected', 15_000));
    const after = await dial();
    after.end('after');
    expect(await rig.passUntil(textOf(after))).toBe('after');
  });
});

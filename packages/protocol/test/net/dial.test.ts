// One attempt to open a WebSocket over real TLS: a leg, or a typed error; in any case nothing is left behind.
import { describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import type { Leg, LegEnd, LegMessage } from '../../src/leg/leg.ts';
import { WS_OPTIONS } from '../../src/leg/ws-leg.ts';
import { hubTimeOf } from '../../src/net/failures.ts';
import { createTrust } from '../../src/net/trust.ts';
import { answering, Dialling, granting, PROTOCOL } from '../support/dialling.ts';
import { rejectionOf } from '../support/errors.ts';
import { eventually } from '../support/eventually.ts';
import type { OnUpgrade } from '../support/tls-server.ts';

const webSockets = new WebSocketServer({ noServer: true, ...WS_OPTIONS, handleProtocols: () => PROTOCOL });
const echoing: OnUpgrade = (request, socket) =>
  webSockets.handleUpgrade(request, socket, Buffer.alloc(0), (ws) => {
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });

function message(leg: Leg): Promise<LegMessage> {
  return new Promise((resolve) => leg.once('message', resolve));
}

function end(leg: Leg): Promise<LegEnd> {
  return new Promise((resolve) => leg.once('close', resolve));
}

describe('an attempt that succeeds', () => {
  it('is a leg, over which messages go both ways', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(echoing);
    const leg = await dialling.dial(server.port);
    expect(dialling.clock.pendingTimers).toBe(1);
    leg.send(Uint8Array.of(1, 2, 3));
    leg.resume();
    expect(await message(leg)).toEqual(Buffer.of(1, 2, 3));
    leg.send('text');
    expect(await message(leg)).toBe('text');
    leg.close(1000);
    expect(await end(leg)).toEqual({ code: 1000, reason: '', violation: false });
  });

  it('asks as the design has it: the credential, the subprotocol, nothing compressed', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(echoing);
    const leg = await dialling.dial(server.port, { headers: { 'Streams-Instance-Id': 'i' } });
    const [request] = server.requests;
    expect(request?.url).toBe('/v1/streams/x/device?a=b');
    expect(request?.headers).toMatchObject({
      host: `127.0.0.1:${server.port}`,
      authorization: 'Bearer token',
      'sec-websocket-protocol': PROTOCOL,
      'streams-instance-id': 'i',
    });
    expect(request?.headers).not.toHaveProperty('sec-websocket-extensions');
    expect(request?.headers).not.toHaveProperty('origin');
    leg.terminate();
    await end(leg);
  });

  it('is paused: what came with the 101 waits for the listeners', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(granting(undefined, Buffer.from([0x82, 2, 7, 8, 0x81, 2, 0x68, 0x69])));
    const leg = await dialling.dial(server.port);
    const messages: LegMessage[] = [];
    leg.on('message', (each) => messages.push(each));
    await dialling.clock.advance(2_000);
    expect(messages).toEqual([]);
    leg.resume();
    await eventually(() => messages).toEqual([Buffer.of(7, 8), 'hi']);
    leg.terminate();
  });

  it('bounds what the hub may send, and keeps the times that it is given', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(echoing);
    const leg = await dialling.dial(server.port, { maxMessageBytes: 1_000, times: { idleMs: 400, deadMs: 2_000, tickMs: 100 } });
    leg.resume();
    leg.send(new Uint8Array(1_000));
    expect(await message(leg)).toHaveLength(1_000);
    leg.send(new Uint8Array(1_001));
    expect(await end(leg)).toMatchObject({ code: 1006, violation: true });
    const silent = await dialling.dial(server.port, { times: { idleMs: 400, deadMs: 2_000, tickMs: 100 } });
    silent.resume();
    const ended = end(silent);
    await dialling.clock.advance(2_100);
    expect(await ended).toEqual({ code: 1006, reason: '', violation: false });
  });

  it('no longer heeds the signal', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(echoing);
    const controller = new AbortController();
    const leg = await dialling.dial(server.port, { signal: controller.signal });
    controller.abort();
    leg.send('still here');
    leg.resume();
    expect(await message(leg)).toBe('still here');
    leg.terminate();
  });
});

describe('an answer that is no 101', () => {
  it('401 with the hub’s own words and time', async () => {
    const dialling = new Dialling();
    const body = JSON.stringify({ code: 'UNAUTHENTICATED', message: 'wrong key', trackingId: 't1', details: { a: 1 } });
    const server = await dialling.serve(answering('401 Unauthorized', { Date: 'Mon, 23 Nov 2026 10:00:00 GMT' }, body));
    const error = await rejectionOf(dialling.dial(server.port));
    expect(error).toMatchObject({
      name: 'AuthenticationError',
      message: 'wrong key',
      trackingId: 't1',
      details: { a: 1, httpStatus: 401 },
    });
    expect(hubTimeOf(error)).toBe(Date.UTC(2026, 10, 23, 10));
  });

  it.each([
    ['401 Unauthorized', 'UNAUTHENTICATED'],
    ['200 OK', 'CONNECT_FAILED'],
    ['502 Bad Gateway', 'CONNECT_FAILED'],
    ['503 Service Unavailable', 'CONNECT_FAILED'],
    ['504 Gateway Timeout', 'HANDSHAKE_TIMEOUT'],
  ])('%s of a proxy: %s', async (status, wireCode) => {
    const dialling = new Dialling();
    const server = await dialling.serve(answering(status, { 'Retry-After': '3' }, '<html>'));
    const error = await rejectionOf(dialling.dial(server.port));
    expect(error).toMatchObject({ wireCode, retryAfterMs: 3_000, details: { httpStatus: Number(status.slice(0, 3)) } });
    if (wireCode === 'HANDSHAKE_TIMEOUT') expect(error).toMatchObject({ phase: 'service-leg', timeoutMs: 35_000 });
  });

  it.each(['301', '302', '303', '307', '308'])('B10 %s: is not followed', async (status) => {
    const dialling = new Dialling();
    const elsewhere = await dialling.serve(echoing);
    const server = await dialling.serve(answering(`${status} Elsewhere`, { Location: `https://127.0.0.1:${elsewhere.port}/x` }));
    const error = await rejectionOf(dialling.dial(server.port));
    expect(error).toMatchObject({ wireCode: 'CONNECT_FAILED', details: { httpStatus: Number(status) } });
    expect([server.requests.length, elsewhere.connections]).toEqual([1, 0]);
  });

  it('a body without end is not read to its end', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve((_request, socket) => {
      socket.write('HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n');
      const more = (): void => void socket.write(`1000\r\n${'x'.repeat(0x1000)}\r\n`, (error) => error ?? setImmediate(more));
      more();
    });
    expect(await rejectionOf(dialling.dial(server.port))).toMatchObject({ wireCode: 'CONNECT_FAILED', details: { httpStatus: 503 } });
    await eventually(() => server.open).toBe(0);
  });

  it('a body that breaks off', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(
      (_request, socket) => void socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\n{"code":'),
    );
    expect(await rejectionOf(dialling.dial(server.port))).toMatchObject({ wireCode: 'CONNECT_FAILED' });
  });
});

describe('a 101 that is none', () => {
  const selected = { 'Sec-WebSocket-Protocol': PROTOCOL };
  it.each<[what: string, headers: Record<string, string>, words: string]>([
    ['no subprotocol', {}, 'no subprotocol'],
    ['another subprotocol', { 'Sec-WebSocket-Protocol': 'raw' }, 'invalid subprotocol'],
    ['an extension that nobody asked for', { ...selected, 'Sec-WebSocket-Extensions': 'permessage-deflate' }, 'Sec-WebSocket-Extensions'],
    ['a wrong accept key', { ...selected, 'Sec-WebSocket-Accept': 'x' }, 'Sec-WebSocket-Accept'],
    ['another upgrade', { ...selected, Upgrade: 'h2c' }, 'Upgrade'],
  ])('%s', async (_what, headers, words) => {
    const dialling = new Dialling();
    const server = await dialling.serve(granting(headers));
    const error = await rejectionOf(dialling.dial(server.port));
    expect(error.wireCode).toBe('CONNECT_FAILED');
    expect(error.message).toContain(words);
    await eventually(() => server.open).toBe(0);
  });

  it.each(['SSH-2.0-OpenSSH_9.6\r\n', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', '', '\0'])('%j', async (text) => {
    const dialling = new Dialling();
    const server = await dialling.serve((_request, socket) => void socket.end(text));
    expect((await rejectionOf(dialling.dial(server.port))).wireCode).toBe('CONNECT_FAILED');
  });
});

describe('trust', () => {
  it('is Node’s own by default, whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(echoing);
    const trust = createTrust({ env: {} });
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
      expect((await rejectionOf(dialling.dial(server.port, { trust }))).wireCode).toBe('TLS_FAILED');
    } finally {
      warning.mockRestore();
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    expect(server.requests).toEqual([]);
  });

  it('goes by the name that is dialled', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(echoing);
    const leg = await dialling.dial(server.port, { url: new URL(`wss://localhost:${server.port}/`) });
    leg.terminate();
    await end(leg);
  });
});

// RawPeer: sees HTTP heads, frames, close codes and ends as they are on the wire, and may lie in what it sends.
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { closePayload, encodeFrame, leakCheck, type LeakCheck, OPCODE, RawPeer, type RawPeerOptions } from '../src/index.ts';

/** TLS without certificates. */
const PSK: TlsOptions & { checkServerIdentity: () => undefined } = {
  ciphers: 'PSK',
  maxVersion: 'TLSv1.2',
  checkServerIdentity: () => undefined,
};
const KEY = Buffer.alloc(32, 1);

let check: LeakCheck;
const cleanups: (() => void)[] = [];

beforeEach(() => {
  check = leakCheck();
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await check.settled();
});

async function listen(server: Server): Promise<number> {
  server.on('connection', (socket: Socket) => cleanups.push(() => socket.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function dial(options: RawPeerOptions): Promise<RawPeer> {
  const peer = await RawPeer.connect(options);
  cleanups.push(() => peer.destroy());
  return peer;
}

/** A peer and the socket that it has at the other end. */
async function pair(timeoutMs?: number): Promise<[RawPeer, Socket]> {
  const server = createServer({ allowHalfOpen: true });
  const port = await listen(server);
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const peer = await dial(timeoutMs === undefined ? { port } : { port, timeoutMs });
  const [socket] = await accepted;
  return [peer, socket.on('error', () => undefined)];
}

/** A peer that has upgraded to a WebSocket, and the WebSocket at the other end. */
async function webSocketPair(): Promise<[RawPeer, WebSocket]> {
  const http = createHttpServer();
  const server = new WebSocketServer({ server: http, maxPayload: 1_000 });
  const peer = await dial({ port: await listen(http) });
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  expect((await peer.upgrade('/')).status).toBe(101);
  const [ws] = await accepted;
  return [peer, ws.on('error', () => undefined)];
}

describe('RawPeer', () => {
  it('reads by count, by pattern, and keeps the rest', async () => {
    const [peer, socket] = await pair();
    socket.write('abc');
    socket.write('def\r\nrest');
    expect((await peer.readBytes(2)).toString()).toBe('ab');
    expect((await peer.readUntil('\r\n')).toString()).toBe('cdef\r\n');
    await expect.poll(() => peer.unread.toString()).toBe('rest');
  });

  it('says what it waited for and what it got instead', async () => {
    const [peer, socket] = await pair(30);
    socket.write('half a li');
    await expect(peer.readUntil('\n')).rejects.toThrow('no "\\n" within 30 ms; so far "half a li"');
    socket.end();
    await peer.ended;
    await expect(peer.readBytes(10)).rejects.toThrow('the other end left (fin) before 10 bytes; so far "half a li"');
  });

  it('tells a FIN from a reset, and sends both', async () => {
    const [finished, finishing] = await pair();
    finishing.end();
    expect(await finished.ended).toBe('fin');
    const ended = once(finishing.resume(), 'end');
    finished.write('after their end');
    finished.end();
    await ended;
    const [reset, resetting] = await pair();
    resetting.resetAndDestroy();
    expect(await reset.ended).toBe('reset');
    const [cutting, cut] = await pair();
    cutting.reset();
    expect((await once(cut.removeAllListeners('error'), 'error')) as unknown).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  it('reads a response head', async () => {
    const [peer, socket] = await pair();
    socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT\r\n\r\nbody');
    const head = await peer.readHead();
    expect(head).toEqual({
      status: 401,
      statusText: 'Unauthorized',
      headers: { 'content-length': '4', date: 'Mon, 23 Nov 2026 10:00:00 GMT' },
    });
    expect((await peer.readBytes(4)).toString()).toBe('body');
    socket.write('SSH-2.0-OpenSSH\r\n\r\n');
    await expect(peer.readHead()).rejects.toThrow('no HTTP response: "SSH-2.0-OpenSSH"');
  });

  it('sends headers as they are, twice too, in place of the usual ones', async () => {
    const [peer, socket] = await pair();
    const request = once(socket, 'data') as Promise<[Buffer]>;
    const answered = peer.upgrade('//x/../y', [
      ['host', 'evil.example'],
      ['Authorization', 'one'],
      ['Authorization', 'two'],
    ]);
    const lines = String((await request)[0]).split('\r\n');
    expect(lines[0]).toBe('GET //x/../y HTTP/1.1');
    expect(lines.filter((line) => /^(host|auth)/i.test(line))).toEqual(['host: evil.example', 'Authorization: one', 'Authorization: two']);
    socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    expect((await answered).status).toBe(400);
  });

  it('speaks TLS, and resets under it', async () => {
    const server = createTlsServer({ ...PSK, pskCallback: () => KEY });
    const port = await listen(server);
    const accepted = once(server, 'secureConnection') as Promise<[Socket]>;
    const peer = await dial({ port, tls: { ...PSK, pskCallback: () => ({ psk: KEY, identity: 'test' }) } });
    const [socket] = await accepted;
    socket.write('hello');
    expect((await peer.readBytes(5)).toString()).toBe('hello');
    peer.write('hi');
    expect(String(((await once(socket, 'data')) as [Buffer])[0])).toBe('hi');
    const failed = once(socket, 'error');
    peer.reset();
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  });
});

describe('RawPeer as a WebSocket', () => {
  it('sends and reads whole messages, fragments and pings', async () => {
    const [peer, ws] = await webSocketPair();
    const messages: string[] = [];
    ws.on('message', (data: Buffer, isBinary) => messages.push(`${isBinary ? 'binary' : 'text'} ${data.toString()}`));
    peer.writeFrame({ payload: 'bytes' });
    peer.writeFrame({ opcode: OPCODE.text, payload: 'frag', fin: false });
    peer.writeFrame({ opcode: OPCODE.ping, payload: 'p' });
    peer.writeFrame({ opcode: OPCODE.continuation, payload: 'ments' });
    expect(await peer.readFrame()).toMatchObject({ opcode: OPCODE.pong, payload: Buffer.from('p'), masked: false });
    await expect.poll(() => messages).toEqual(['binary bytes', 'text fragments']);
    for (const size of [0, 125, 126, 65_535, 65_536]) {
      ws.send(Buffer.alloc(size, 7));
      expect(await peer.readFrame()).toEqual({ opcode: OPCODE.binary, payload: Buffer.alloc(size, 7), fin: true, rsv: 0, masked: false });
    }
  });

  it.each([
    ['no mask', { masked: false, payload: 'x' }, 1002],
    ['RSV1', { rsv: 4, payload: 'x' }, 1002],
    ['an unknown opcode', { opcode: 0x3, payload: 'x' }, 1002],
    ['a fragmented ping', { opcode: OPCODE.ping, fin: false }, 1002],
    ['text that is not UTF-8', { opcode: OPCODE.text, payload: Uint8Array.of(0xff) }, 1007],
    ['a message that is too large', { payload: Buffer.alloc(1_001) }, 1009],
    ['a length of 2^40', { declaredLength: 2n ** 40n }, 1009],
    ['a length of 2^63', { declaredLength: 2n ** 63n }, 1009],
  ])('%s: sees the close code of the refusal', async (_what, frame, code) => {
    const [peer] = await webSocketPair();
    peer.writeFrame({ opcode: OPCODE.ping });
    peer.writeFrame(frame);
    expect(await peer.readClose()).toMatchObject({ code });
  });

  it('sees close reasons, closes without a code, and ends without a close', async () => {
    const [withReason, ws] = await webSocketPair();
    ws.close(4400, 'grün');
    expect(await withReason.readClose()).toEqual({ code: 4400, reason: 'grün' });
    withReason.writeFrame({ opcode: OPCODE.close, payload: closePayload(4400, 'grün') });
    withReason.end();
    expect(await once(ws, 'close')).toEqual([4400, Buffer.from('grün')]);
    const [without, silent] = await webSocketPair();
    silent.close();
    expect(await without.readClose()).toEqual({ code: 1005, reason: '' });
    const [cut, cutting] = await webSocketPair();
    cutting.terminate();
    expect(await cut.readClose()).toEqual({ code: 1006, reason: '' });
  });

  it('may declare a length that is none', async () => {
    const [peer, ws] = await webSocketPair();
    const received = once(ws, 'message');
    peer.write(encodeFrame({ payload: 'ab', declaredLength: 4 }));
    peer.write('cd');
    expect(((await received) as [Buffer])[0]).toHaveLength(4); // of bytes: unmasked, the last two may be one character
  });
});

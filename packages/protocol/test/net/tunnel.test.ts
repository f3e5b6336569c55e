// Through a forward proxy, over real sockets: a tunnel that loses no byte, or an error that says it was the proxy.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { deferred } from '../../src/async/deferred.ts';
import { createProxyFor, type HttpProxy } from '../../src/net/proxy.ts';
import { openTunnel } from '../../src/net/tunnel.ts';
import { ConnectProxy, ESTABLISHED, type OnConnect } from '../support/connect-proxy.ts';
import { createLeaf } from '../support/certificates.ts';
import { authority, Dialling, granting } from '../support/dialling.ts';
import { rejectionOf } from '../support/errors.ts';
import { eventually } from '../support/eventually.ts';
import { endOf, messagesOf } from '../support/legs.ts';

const HUB_SAYS = Buffer.from([0x82, 2, 7, 8]);

function through(port: number, credentials = ''): () => HttpProxy | undefined {
  const proxyFor = createProxyFor({ proxy: `http://${credentials}127.0.0.1:${port}`, env: {} });
  return () => proxyFor(new URL('wss://hub.example'));
}

/** How a dial through a proxy that answers like this fails. */
async function failure(onConnect: OnConnect, credentials = ''): ReturnType<typeof rejectionOf> {
  const dialling = new Dialling();
  const proxy = await ConnectProxy.listen(onConnect);
  const error = await rejectionOf(dialling.dial(1, { proxyFor: through(proxy.port, credentials) }));
  expect(error.details['proxy']).toBe(`127.0.0.1:${proxy.port}`);
  await eventually(() => proxy.open).toBe(0);
  return error;
}

const saying =
  (text: string): OnConnect =>
  (client) =>
    void client.end(text);

describe('a tunnel', () => {
  it('leads to the hub, whose credential the proxy never sees', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(granting(undefined, HUB_SAYS));
    const proxy = await ConnectProxy.listen();
    const leg = await dialling.dial(server.port, { proxyFor: through(proxy.port, 'us%3Aer:p%40ss%20w%C3%B6rd@') });
    const received = messagesOf(leg);
    leg.resume();
    await eventually(() => received).toEqual([Buffer.of(7, 8)]);
    const target = `127.0.0.1:${server.port}`;
    const basic = Buffer.from('us:er:p@ss wörd').toString('base64');
    const [line, ...headers] = proxy.heads[0]?.trimEnd().split('\r\n') ?? [];
    expect(line).toBe(`CONNECT ${target} HTTP/1.1`);
    expect(headers.toSorted()).toEqual(['Connection: close', `Host: ${target}`, `Proxy-Authorization: Basic ${basic}`]);
    expect(server.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
    leg.terminate();
    await endOf(leg);
  });

  it('keeps the times of the leg: its socket is the one with TLS', async () => {
    const dialling = new Dialling();
    let say = (): void => undefined;
    const server = await dialling.serve((request, socket) => {
      granting()(request, socket);
      say = () => void socket.write(HUB_SAYS);
    });
    const proxy = await ConnectProxy.listen();
    const times = { idleMs: 60_000, deadMs: 2_000, tickMs: 100 };
    const leg = await dialling.dial(server.port, { proxyFor: through(proxy.port), times });
    const received = messagesOf(leg);
    const ended = endOf(leg);
    leg.resume();
    for (let round = 1; round <= 3; round += 1) {
      await dialling.clock.advance(1_500);
      say();
      await eventually(() => received.length).toBe(round);
    }
    await dialling.clock.advance(2_200);
    expect(await ended).toEqual({ code: 1006, reason: '', violation: false });
    await eventually(() => [proxy.open, server.open]).toEqual([0, 0]);
  });

  it.each([
    ['200 OK', 'HTTP/1.1 200 OK\r\nVia: a\r\nContent-Length: 5\r\n\r\n'],
    ['HTTP/1.0', 'HTTP/1.0 200 Connection established\r\n\r\n'],
    ['201', 'HTTP/1.1 201 \r\n\r\n'],
  ])('is made by any success, byte by byte: %s', async (_what, answer) => {
    const dialling = new Dialling();
    const server = await dialling.serve(granting());
    const proxy = await ConnectProxy.listen(
      (client, head) => void dribble(client, answer).then(() => proxy.join(client, head, Buffer.of())),
    );
    const leg = await dialling.dial(server.port, { proxyFor: through(proxy.port) });
    leg.terminate();
    await endOf(leg);
  });

  it('has the bytes that came with the answer, in front', async () => {
    const dialling = new Dialling();
    const proxy = await ConnectProxy.listen((client) => {
      client.write(`${ESTABLISHED}first, `);
      setTimeout(() => client.end('then'), 5);
    });
    const chosen = through(proxy.port)() as HttpProxy;
    const socket = await openTunnel(chosen, 'hub.example:443', new AbortController().signal);
    expect((await socket.setEncoding('utf8').toArray()).join('')).toBe('first, then');
    expect(dialling.clock.pendingTimers).toBe(0);
  });

  it('to something that speaks first, and no TLS, fails at once', async () => {
    const error = await failure((client) => void client.resume().write(`${ESTABLISHED}SSH-2.0-OpenSSH_9.6\r\n`));
    expect(error).toMatchObject({ wireCode: 'TLS_FAILED', details: { reason: 'no-tls' } });
  });

  it('is TLS in TLS where the proxy is of https://, whose certificate counts', async () => {
    const dialling = new Dialling();
    const connections: Socket[] = [];
    const server = createServer(await createLeaf({ authority: await authority() }), (socket) => connections.push(socket));
    server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    // The client trusts this very CA, but for its hub alone.
    const proxyFor = createProxyFor({ proxy: `https://user:secret@127.0.0.1:${port}`, env: {} });
    const error = await rejectionOf(dialling.dial(1, { proxyFor }));
    expect(error).toMatchObject({ wireCode: 'TLS_FAILED', details: { proxy: `127.0.0.1:${port}`, reason: 'unknown-ca' } });
    expect(error.message).toContain('NODE_EXTRA_CA_CERTS');
    expect(connections).toEqual([]);
    server.close();
    await once(server, 'close');
  });
});

async function dribble(client: Socket, text: string): Promise<void> {
  for (const byte of text) {
    client.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a proxy that makes no tunnel', () => {
  it.each<[what: string, credentials: string, answer: string, status: number, words: string]>([
    ['wants credentials', '', 'HTTP/1.1 407 Proxy Authentication Required', 407, 'wants a user and a password (407): add them in proxy'],
    ['wants others', 'user:pa55word@', 'HTTP/1.1 407 No', 407, 'does not accept the user and password (407): correct them in proxy'],
    ['forbids', 'user:pa55word@', 'HTTP/1.1 403 Forbidden', 403, 'does not permit a connection to 127.0.0.1:1 (403)'],
    ['has no way', '', 'HTTP/1.1 503 Service Unavailable', 503, 'answered 503 instead of connecting to 127.0.0.1:1'],
    ['leads elsewhere', '', 'HTTP/1.1 302 Found\r\nLocation: https://evil.example/', 302, 'answered 302'],
  ])('%s', async (_what, credentials, answer, status, words) => {
    // It does not hang up; the client does.
    const error = await failure((client) => void client.resume().write(`${answer}\r\nContent-Length: 6\r\n\r\n<html>`), credentials);
    expect(error).toMatchObject({ wireCode: 'CONNECT_FAILED', retryable: true, details: { proxyStatus: status } });
    expect(error.details).not.toHaveProperty('httpStatus');
    expect(error.message).toContain(`the proxy ${String(error.details['proxy'])} ${words}`);
    expect(JSON.stringify([error.message, error.details])).not.toContain('pa55word');
  });

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`],
    ['half a head', 'HTTP/1.1 200 Conn'],
    ['nothing', ''],
  ])('says %s', async (_what, text) => {
    const error = await failure(saying(text));
    expect(error).toMatchObject({ wireCode: 'CONNECT_FAILED', retryable: true });
    expect(error.message).toMatch(/^the proxy 127\.0\.0\.1:\d+ (gave an answer that is not HTTP|cannot be reached, or left)/);
  });

  it('is not there', async () => {
    const dialling = new Dialling();
    const error = await rejectionOf(dialling.dial(1, { proxyFor: through(1) }));
    expect(error).toMatchObject({ wireCode: 'CONNECT_FAILED', details: { proxy: '127.0.0.1:1', cause: 'ECONNREFUSED' } });
    expect(error.message).toContain('the proxy 127.0.0.1:1 cannot be reached');
  });

  it('says nothing: it has the time of the dial, and then is left', async () => {
    const dialling = new Dialling();
    const proxy = await ConnectProxy.listen(() => undefined);
    const attempt = rejectionOf(dialling.dial(1, { proxyFor: through(proxy.port) }));
    await eventually(() => proxy.heads.length).toBe(1);
    await dialling.clock.advance(35_000);
    const error = await attempt;
    expect(error).toMatchObject({ wireCode: 'CONNECT_FAILED', details: { proxy: `127.0.0.1:${proxy.port}` } });
    expect(error.message).toBe(`the proxy 127.0.0.1:${proxy.port} did not answer within 35000 ms`);
  });

  it('lets the tunnel hang: then it was the hub', async () => {
    const dialling = new Dialling();
    const { promise: hello, resolve } = deferred<void>();
    const proxy = await ConnectProxy.listen(
      (client) =>
        void client
          .once('data', () => resolve())
          .resume()
          .write(ESTABLISHED),
    );
    const attempt = rejectionOf(dialling.dial(1, { proxyFor: through(proxy.port) }));
    await hello;
    await dialling.clock.advance(35_000);
    expect((await attempt).message).toBe('the hub did not answer within 35000 ms');
  });

  it('is left when the signal fires', async () => {
    const dialling = new Dialling();
    const controller = new AbortController();
    const error = await failureWhen(dialling, controller);
    expect(error).toMatchObject({ wireCode: 'ABORTED' });
  });
});

async function failureWhen(dialling: Dialling, controller: AbortController): ReturnType<typeof rejectionOf> {
  const proxy = await ConnectProxy.listen(() => undefined);
  const attempt = rejectionOf(dialling.dial(1, { proxyFor: through(proxy.port), signal: controller.signal }));
  await eventually(() => proxy.heads.length).toBe(1);
  controller.abort();
  const error = await attempt;
  await eventually(() => proxy.open).toBe(0);
  return error;
}

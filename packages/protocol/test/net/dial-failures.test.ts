// Attempts that come to nothing: no trust, nobody there, no time left, aborted. Each is typed, and leaves nothing behind.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { deferred } from '../../src/async/deferred.ts';
import { dial } from '../../src/net/dial.ts';
import { createAuthority, createLeaf, type KeyPair } from '../support/certificates.ts';
import { answering, authority, Dialling, gone } from '../support/dialling.ts';
import { rejectionOf } from '../support/errors.ts';
import { eventually } from '../support/eventually.ts';
import type { TlsServer } from '../support/tls-server.ts';

const DAY_MS = 86_400_000;

/** A plain TCP server, and the connections that it gets. */
async function listen(onConnection: (socket: Socket) => void): Promise<[Server, number, Socket[]]> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return [server, (server.address() as AddressInfo).port, sockets];
}

async function stop(server: Server, sockets: readonly Socket[]): Promise<void> {
  server.close();
  await Promise.all([once(server, 'close'), ...sockets.map(gone)]);
}

/** The sockets that `server` has got are gone too: nobody waits for anything. */
async function expectLeft(server: TlsServer): Promise<void> {
  await eventually(() => server.open).toBe(0);
}

describe('no trust', () => {
  const certificates: [what: string, make: () => Promise<KeyPair>, cause: RegExp][] = [
    ['another CA', async () => createLeaf({ authority: await createAuthority('theirs') }), /^UNABLE_TO_/],
    [
      'another CA of the same name',
      async () => createLeaf({ authority: await createAuthority('the CA of the tests') }),
      /SIGNATURE|^UNABLE_TO_/,
    ],
    ['self-signed', () => createLeaf({}), /^DEPTH_ZERO_SELF_SIGNED_CERT$/],
    [
      'another host',
      async () => createLeaf({ authority: await authority(), hosts: ['hub.example', '127.0.0.2'] }),
      /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    ],
    [
      'expired',
      async () =>
        createLeaf({ authority: await authority(), notBefore: new Date(Date.now() - 2 * DAY_MS), notAfter: new Date(Date.now() - DAY_MS) }),
      /^CERT_HAS_EXPIRED$/,
    ],
    [
      'of tomorrow',
      async () => createLeaf({ authority: await authority(), notBefore: new Date(Date.now() + DAY_MS) }),
      /^CERT_NOT_YET_VALID$/,
    ],
  ];
  it.each(certificates)('%s', async (_what, make, cause) => {
    const dialling = new Dialling();
    const server = await dialling.serve(answering('401 Unauthorized', {}), await make());
    const error = await rejectionOf(dialling.dial(server.port));
    expect(error).toMatchObject({ wireCode: 'TLS_FAILED', retryable: false, details: { cause: expect.stringMatching(cause) as string } });
    expect(server.requests).toEqual([]);
    await expectLeft(server);
  });

  it('a port that speaks no TLS', async () => {
    const dialling = new Dialling();
    const [server, port, sockets] = await listen((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    const error = await rejectionOf(dialling.dial(port));
    expect(error).toMatchObject({ wireCode: 'TLS_FAILED', details: { cause: expect.stringMatching(/^(EPROTO|ERR_SSL_)/) as string } });
    await stop(server, sockets);
  });
});

describe('nobody there', () => {
  it('refused', async () => {
    const dialling = new Dialling();
    const [server, port] = await listen(() => undefined);
    await stop(server, []);
    const error = await rejectionOf(dialling.dial(port));
    expect(error).toMatchObject({ wireCode: 'CONNECT_FAILED', retryable: true, details: { cause: 'ECONNREFUSED' } });
    expect((error.cause as NodeJS.ErrnoException).code).toBe('ECONNREFUSED');
  });

  it('a name that nobody has', async () => {
    const dialling = new Dialling();
    const error = await rejectionOf(dialling.dial(1, { url: new URL('wss://nobody.invalid/') }));
    expect(error).toMatchObject({
      wireCode: 'CONNECT_FAILED',
      details: { cause: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) as string },
    });
  });

  it.each<[what: string, leave: (socket: Socket) => void]>([
    ['leaves', (socket) => socket.resume().end()],
    ['resets', (socket) => socket.resetAndDestroy()],
  ])('somebody who %s at once', async (_what, leave) => {
    const dialling = new Dialling();
    const [server, port, sockets] = await listen(leave);
    expect(await rejectionOf(dialling.dial(port))).toMatchObject({ wireCode: 'CONNECT_FAILED', details: { cause: 'ECONNRESET' } });
    await stop(server, sockets);
  });
});

/** A hub that lets a client wait. */
interface Waiting {
  readonly port: number;
  /** The attempt has come as far as it can. */
  readonly arrived: Promise<unknown>;
  readonly left: () => Promise<void>;
}

async function silentTcp(): Promise<Waiting> {
  const { promise: arrived, resolve } = deferred<void>();
  const [server, port, sockets] = await listen((socket) => socket.once('data', () => resolve()));
  return { port, arrived, left: () => stop(server, sockets) };
}

async function silentHub(dialling: Dialling, said: string): Promise<Waiting> {
  const { promise: arrived, resolve } = deferred<void>();
  const server = await dialling.serve((_request, socket) => void socket.write(said, () => setTimeout(resolve, 5)));
  return { port: server.port, arrived, left: () => expectLeft(server) };
}

const waits: [where: string, start: (dialling: Dialling) => Promise<Waiting>][] = [
  ['in the TLS handshake', silentTcp],
  ['before the answer', (dialling) => silentHub(dialling, '')],
  ['in the head of the answer', (dialling) => silentHub(dialling, 'HTTP/1.1 101 Switch')],
  ['in the body of a refusal', (dialling) => silentHub(dialling, 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 99\r\n\r\n{')],
];

describe('no time left', () => {
  it.each(waits)('%s', async (_where, start) => {
    const dialling = new Dialling();
    const { port, arrived, left } = await start(dialling);
    let over = false;
    const attempt = rejectionOf(dialling.dial(port)).finally(() => {
      over = true;
    });
    await arrived;
    await dialling.clock.advance(34_999);
    expect(over).toBe(false);
    await dialling.clock.advance(1);
    expect(await attempt).toMatchObject({ wireCode: 'CONNECT_FAILED', message: 'the hub did not answer within 35000 ms' });
    await left();
  });
});

describe('aborted', () => {
  const reason = new TypeError('no longer needed');

  it('before: nobody is dialled', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(() => undefined);
    expect(await rejectionOf(dialling.dial(server.port, { signal: AbortSignal.abort(reason) }))).toMatchObject({
      wireCode: 'ABORTED',
      cause: reason,
    });
    expect(server.connections).toBe(0);
  });

  it('at once', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(() => undefined);
    const controller = new AbortController();
    const { signal } = controller;
    const attempt = rejectionOf(dial(await dialling.options(server.port, { signal })));
    controller.abort(reason);
    expect(await attempt).toMatchObject({ wireCode: 'ABORTED', cause: reason });
    await expectLeft(server);
  });

  it.each(waits)('%s', async (_where, start) => {
    const dialling = new Dialling();
    const { port, arrived, left } = await start(dialling);
    const controller = new AbortController();
    const attempt = rejectionOf(dialling.dial(port, { signal: controller.signal }));
    await arrived;
    controller.abort(reason);
    expect(await attempt).toMatchObject({ wireCode: 'ABORTED', cause: reason });
    await left();
  });

  it('leaves no listener on the signal, however it ends', async () => {
    const dialling = new Dialling();
    const server = await dialling.serve(answering('401 Unauthorized', {}));
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...call: Parameters<typeof add>) => {
      listeners += 1;
      add(...call);
    };
    signal.removeEventListener = (...call: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...call);
    };
    expect((await rejectionOf(dialling.dial(server.port, { signal }))).wireCode).toBe('UNAUTHENTICATED');
    expect(listeners).toBe(0);
  });
});

// The local programs of the proxies' bench, in the main process: a server behind the device, and clients in front of the service.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** The first byte of a connection says what the server does, so that all of them share one tunnel. Any other: it swallows. */
const ECHO = 'e'.charCodeAt(0);
const SOURCE = 'd'.charCodeAt(0);
const STALLED = 'x'.charCodeAt(0);

const CHUNK = Buffer.alloc(65_536, 'streams ');
const MESSAGE = Buffer.alloc(64, 'echoes  ');
const TCP = { allowHalfOpen: true, noDelay: true };

/** See the top of this file. */
export class Targets {
  /** Bytes that sinks have swallowed. */
  sunkBytes = 0;
  /** Where the server listens. */
  address = '';
  readonly #server = createServer(TCP, (socket) => this.#serve(socket.on('error', () => undefined)));

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.address = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
  }

  #serve(socket: Socket): void {
    socket.once('data', (first: Buffer) => {
      const kind = first[0];
      if (kind === SOURCE) return pour(socket, Infinity);
      if (kind === STALLED) return void socket.pause();
      const take = (chunk: Buffer): void => {
        if (kind === ECHO) socket.write(chunk);
        else this.sunkBytes += chunk.length;
      };
      take(first);
      socket.on('data', take).on('end', () => socket.end());
    });
  }
}

/** Connects to a local port. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', ...TCP });
  await once(socket, 'connect');
  return socket.on('error', () => undefined);
}

/** A connection of which the server sends without an end. */
export async function dialSource(port: number): Promise<Socket> {
  const socket = await dial(port);
  socket.write(Buffer.of(SOURCE));
  return socket;
}

/** A connection of which the server reads its first bytes alone. */
export async function dialStalled(port: number): Promise<Socket> {
  const socket = await dial(port);
  socket.write(Buffer.of(STALLED));
  return socket;
}

/** 64 bytes to an echo and back. */
export function exchange(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    let left = MESSAGE.length;
    const onData = ({ length }: Buffer): void => {
      left -= length;
      if (left > 0) return;
      socket.off('data', onData);
      resolve();
    };
    socket.on('data', onData);
    socket.write(MESSAGE);
  });
}

/** A whole connection: connect, 64 bytes there and back, close. */
export async function visit(port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', ...TCP });
  await exchange(socket);
  socket.resume().end();
  await once(socket, 'close');
}

/** Writes so many bytes, for a sink where the server reads them, and ends. */
export function pour(socket: Socket, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0 && !socket.destroyed) {
      left -= CHUNK.length;
      if (!socket.write(CHUNK)) return;
    }
    if (!socket.writableEnded) socket.end();
  };
  socket.on('drain', more);
  more();
}

/** Reads so many bytes, then resets. */
export function draw(socket: Socket, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    socket.on('data', ({ length }: Buffer) => {
      left -= length;
      if (left > 0) return;
      socket.resetAndDestroy();
      resolve();
    });
  });
}

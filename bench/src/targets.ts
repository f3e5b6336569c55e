// The local programs of the proxies' bench, in the main process: servers behind the device, and clients in front of the service.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What the servers do: send back; swallow, and end when the client does; send without an end; accept and never read. */
export const TARGETS = ['echo', 'sink', 'source', 'stalled'] as const;
/** One of {@link TARGETS}. */
export type Target = (typeof TARGETS)[number];

const CHUNK = Buffer.alloc(65_536, 'streams ');
const MESSAGE = Buffer.alloc(64, 'streams ');
const TCP = { allowHalfOpen: true, noDelay: true };

/** The servers, each on a port of its own. */
export class Targets {
  /** Bytes that sinks have swallowed. */
  sunkBytes = 0;
  readonly services: Record<string, string> = {};
  readonly #servers: Server[] = [];

  async listen(): Promise<void> {
    for (const name of TARGETS) {
      const server = createServer(TCP, (socket) =>
        this.#serve(
          name,
          socket.on('error', () => undefined),
        ),
      ).listen(0, '127.0.0.1');
      await once(server, 'listening');
      this.services[name] = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      this.#servers.push(server);
    }
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }

  #serve(name: Target, socket: Socket): void {
    if (name === 'echo') socket.on('data', (chunk: Buffer) => socket.write(chunk)).on('end', () => socket.end());
    if (name === 'sink') socket.on('data', ({ length }: Buffer) => (this.sunkBytes += length)).on('end', () => socket.end());
    if (name === 'source') pour(socket, Infinity);
    if (name === 'stalled') socket.pause();
  }
}

/** Connects to a local port. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', ...TCP });
  await once(socket, 'connect');
  return socket.on('error', () => undefined);
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

/** Writes so many bytes, and ends. */
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

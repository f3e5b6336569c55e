// A port that nobody listens on: for a server whose address must be known before it runs, or for none.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

// A path that is long and else perfect: an HTTP proxy whose tunnels carry every byte, either way, so much later. As many as there are.
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

const delayMs = Number(process.argv[2]);

const server = createServer().on('connect', (request, client) => {
  const { hostname, port } = new URL(`http://${request.url}`);
  const target = connect({ port: Number(port), host: hostname, noDelay: true }, () => {
    client.write('HTTP/1.1 200 OK\r\n\r\n');
    forward(client, target);
    forward(target, client);
  });
});

/** Timers of the same length fire in their order. */
function forward(from: Duplex, to: Duplex): void {
  from.on('data', (chunk: Buffer) => setTimeout(() => to.writable && to.write(chunk), delayMs));
  from.on('error', () => undefined).on('close', () => to.destroy());
}

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));

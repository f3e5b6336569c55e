// A path that is long and else perfect: a TCP port whose bytes reach the target, and come back, `delayMs` later each. As many as there are.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const [port, delayMs] = process.argv.slice(2).map(Number);

const server = createServer({ noDelay: true }, (client) => {
  const target = connect({ port: port ?? 0, host: '127.0.0.1', noDelay: true });
  forward(client, target);
  forward(target, client);
});

/** Timers of the same length fire in their order. */
function forward(from: Socket, to: Socket): void {
  from.on('data', (chunk: Buffer) => setTimeout(() => to.writable && to.write(chunk), delayMs));
  from.on('error', () => undefined).on('close', () => to.destroy());
}

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));

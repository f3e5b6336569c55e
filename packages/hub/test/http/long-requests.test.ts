// The server's limit on how long a request may take: kept for all, but for the one whose handler has asked for its body as it comes.
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { leakCheck } from '@streams/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keepLongRequests, longBody } from '../../src/http/long-requests.ts';

const LIMIT_MS = 60;
const leaks = leakCheck();
let server: Server;
beforeEach(async () => {
  server = createServer({ requestTimeout: LIMIT_MS, headersTimeout: LIMIT_MS, connectionsCheckingInterval: 10 }, (request, response) => {
    if (request.url === '/short') return;
    void (async () => {
      let bytes = 0;
      for await (const chunk of longBody(request, response)) bytes += chunk.length;
      response.end(String(bytes));
    })();
  });
  keepLongRequests(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await leaks.settled();
});

/** Sends a head, and a byte every now and then until `bytes` are sent; gives all that came back. */
async function slowly(head: string, bytes: number): Promise<string> {
  const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let got = '';
  socket.setEncoding('latin1').on('data', (text: string) => (got += text));
  socket.on('error', () => undefined);
  socket.write(head);
  for (let sent = 0; sent < bytes && !socket.destroyed; sent += 1) {
    await new Promise((resolve) => setTimeout(resolve, LIMIT_MS / 2));
    socket.write('x');
  }
  await new Promise((resolve) => socket.once('close', resolve));
  return got;
}

it('a long body comes whole, after several times the limit; the connection ends with the answer', async () => {
  const answer = await slowly('POST /long HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n', 8);
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n.*\r\n\r\n8$/s);
});

it.each([
  ['a body too slow', 'POST /short HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n', '408 Request Timeout'],
  ['a head that does not end', 'POST /long HTTP/1.1\r\nHost: h\r\n', '408 Request Timeout'],
  ['no HTTP', 'nonsense\r\n\r\n', '400 Bad Request'],
  ['a head too large', `GET / HTTP/1.1\r\nHost: h\r\nA: ${'a'.repeat(17_000)}\r\n\r\n`, '431 Request Header Fields Too Large'],
])('%s is answered as Node does by itself', async (_what, head, status) => {
  expect(await slowly(head, 0)).toBe(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
});

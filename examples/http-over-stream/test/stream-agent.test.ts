// HTTP whose connections are streams: what of it Node's client and server must find as they do over TCP. Real hub, real streams.
import { createServer, request, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { DeviceClient } from '@streams/device';
import { startTestHub, type TestHub } from '@streams/hub/testing';
import { ServiceClient } from '@streams/service';
import { leakCheck } from '@streams/testkit';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { StreamAgent } from '../src/stream-agent.ts';

const leaks = leakCheck();
let hub: TestHub;
let device: DeviceClient;
let service: ServiceClient;
let agent: StreamAgent;
let serve: RequestListener;
/** Streams that the device has accepted. */
let accepted = 0;

beforeAll(async () => {
  hub = await startTestHub();
  const server = createServer((incoming, response) => serve(incoming, response));
  device = DeviceClient.fromConnectionString(await hub.deviceConnectionString('pump-7'));
  device.onStreamRequest(async (incoming) => {
    if (incoming.name !== 'web') return incoming.reject('web alone');
    accepted += 1;
    server.emit('connection', await incoming.accept());
  });
  await device.connect();
  service = ServiceClient.fromConnectionString(await hub.serviceConnectionString());
});
afterEach(() => {
  agent.destroy();
  accepted = 0;
});
afterAll(async () => {
  await Promise.all([service.close(), device.close()]);
  await hub.close();
  await leaks.settled();
});

function ask(body = '', path = '/'): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const asking = request({ agent, path, method: 'POST' }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode, body: answer }), reject);
    });
    asking.on('error', reject).end(body);
  });
}

it('keeps a connection alive: one stream for requests after one another, more for those side by side', async () => {
  agent = new StreamAgent(service, 'pump-7', 'web');
  serve = (incoming, response) => void text(incoming).then((body) => response.end(`${incoming.url} ${body.length}`));
  for (const path of ['/a', '/b', '/c']) expect(await ask('x'.repeat(300_000), path)).toEqual({ status: 200, body: `${path} 300000` });
  expect(accepted).toBe(1);
  const answers = await Promise.all([ask('', '/1'), ask('', '/2'), ask('', '/3')]);
  expect(answers.map(({ body }) => body)).toEqual(['/1 0', '/2 0', '/3 0']);
  expect(accepted).toBe(3);
});

it('a server that ends the connection ends the body; the next request gets a stream of its own', async () => {
  agent = new StreamAgent(service, 'pump-7', 'web');
  // Neither a length nor chunks: only the end of the connection says where the body ends.
  serve = ({ socket }) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it');
  expect(await ask()).toEqual({ status: 200, body: 'all of it' });
  expect(await ask()).toEqual({ status: 200, body: 'all of it' });
  expect(accepted).toBe(2);
});

it('a client may end its direction and still reads the answer', async () => {
  agent = new StreamAgent(service, 'pump-7', 'web');
  serve = (incoming, response) => void text(incoming).then((body) => response.end(`got ${body}`));
  const stream = await service.createStream('pump-7', { name: 'web' });
  stream.end('POST / HTTP/1.1\r\nHost: pump-7\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello');
  expect(await text(stream)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n(?:.*\r\n)?got hello/s);
  expect(await stream.outcome).toMatchObject({ clean: true });
});

it('errors reach the request: of the stream, of the server, of the connection', async () => {
  agent = new StreamAgent(service, 'pump-7', 'ftp');
  await expect(ask()).rejects.toMatchObject({ code: 'STREAMS_STREAM_REJECTED', reason: 'web alone' });
  agent = new StreamAgent(service, 'pump-8', 'web');
  await expect(ask()).rejects.toMatchObject({ code: 'STREAMS_DEVICE_NOT_FOUND' });
  agent = new StreamAgent(service, 'pump-7', 'web');
  serve = (_incoming, response) => void response.writeHead(500).end('broken');
  expect(await ask()).toEqual({ status: 500, body: 'broken' });
  serve = (_incoming, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('a part', () => response.destroy());
  };
  await expect(ask()).rejects.toThrow(/ended by the other side|aborted/);
  serve = (_incoming, response) => void response.end('well again');
  expect(await ask()).toEqual({ status: 200, body: 'well again' });
});

// What joins a TCP socket and a stream, with a peer that says whatever it likes: ends that cross each other, and `raw` streams.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { leakCheck, type LeakCheck } from '@streams/testkit';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { finFrame } from '../../src/wire/frames.ts';
import { Splice, SPLICE_SOCKET } from '../../src/stream/splice.ts';
import { dataFrame, HalfStream } from '../support/half-stream.ts';

let leaks: LeakCheck;
beforeAll(() => {
  leaks = leakCheck();
});
afterAll(() => leaks.settled());

function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

interface Spliced {
  readonly half: HalfStream;
  /** The end that belongs to the test. */
  readonly client: Socket;
  /** What came to the client, and how it ended. */
  readonly seen: string[];
  readonly splice: Splice;
}

async function spliced(protocol?: string): Promise<Spliced> {
  const server = createServer(SPLICE_SOCKET).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ...SPLICE_SOCKET });
  const [socket] = (await once(server, 'connection')) as [Socket];
  server.close();
  const seen: string[] = [];
  client.on('data', (chunk) => seen.push(String(chunk))).on('end', () => seen.push('end'));
  client.on('error', (error: NodeJS.ErrnoException) => seen.push(error.code ?? ''));
  onTestFinished(() => {
    client.destroy();
    socket.destroy();
  });
  const half = new HalfStream(protocol).reading();
  return { half, client, seen, splice: new Splice(socket, half.stream) };
}

it('cut while its FIN is going out: the socket is reset all the same', async () => {
  const { half, splice } = await spliced();
  half.sendData('last');
  half.sendFin();
  half.stream.once('end', () => splice.cut('enough'));
  expect(await splice.ended).toEqual({ clean: false, reason: 'enough' });
});

it('a stream that is cut before it is spliced resets the socket', async () => {
  const { half, client, splice } = await spliced();
  const closed = closeOf(client);
  half.stream.abort();
  await closed;
  expect(await splice.ended).toEqual({ clean: false, reason: 'connection reset' });
});

it.each([
  ['the other side is gone', 4410],
  ['the hub has ended it', 1012],
  ['the connection to the hub was lost', 1006],
])('an end of which nobody says why: %s', async (reason, code) => {
  const { half, client, splice } = await spliced();
  const closed = closeOf(client);
  if (code === 1006) half.peer.terminate();
  else half.peer.close(code);
  await closed;
  expect(await splice.ended).toEqual({ clean: false, reason });
});

it('a clean end is told as one', async () => {
  const { half, client, seen, splice } = await spliced();
  client.end('up');
  half.sendData('down');
  half.sendFin();
  await once(client, 'end');
  await half.turns();
  half.peer.close(1000);
  expect(await splice.ended).toEqual({ clean: true, reason: '' });
  expect(seen).toEqual(['down', 'end']);
  expect(Buffer.concat(half.received)).toEqual(Buffer.concat([dataFrame('up'), finFrame()]));
});

it('raw: the end of the stream delivers all that came, and ends the whole connection', async () => {
  const { half, client, seen, splice } = await spliced('raw');
  half.peer.send(Buffer.from('all of it'));
  half.peer.close(1000);
  expect(await splice.ended).toEqual({ clean: true, reason: '' });
  if (!client.readableEnded) await once(client, 'end');
  expect(seen).toEqual(['all of it', 'end']);
});

it('raw: the end of the client ends the whole connection', async () => {
  const { half, client, seen, splice } = await spliced('raw');
  client.end('bye');
  expect(await half.peerEnd).toMatchObject({ code: 1000 });
  expect(await splice.ended).toEqual({ clean: true, reason: '' });
  if (!client.readableEnded) await once(client, 'end');
  expect(seen).toEqual(['end']);
  expect(Buffer.concat(half.received).toString()).toBe('bye');
});

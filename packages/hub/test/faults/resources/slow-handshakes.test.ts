// Who says so little and so slowly that its connection costs the hub, and not the one at its other end.
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { HubProcess } from '../../support/hub-process.ts';
import { observeHub } from '../../support/observe.ts';

const SLOW = 500;
const A_BYTE_MS = 1_000;
/** Ten for a handshake or a head, and two until somebody looks (reliability.md section 5.5); and two for a machine that is busy. */
const MOST_MS = 12_000 + 2_000;

/** How long a connection lives on which these bytes come one by one, and then spaces. */
function lifeOf(port: number, text: string): Promise<number> {
  const socket: Socket = connect({ port, host: '127.0.0.1' });
  const startMs = performance.now();
  let said = 0;
  const saying = setInterval(() => socket.write(text[said++] ?? ' ', 'latin1'), A_BYTE_MS);
  // What the hub says last is to be read, or its end is never seen.
  socket.on('error', () => undefined).resume();
  return new Promise((resolve) => {
    socket.once('close', () => {
      clearInterval(saying);
      resolve(performance.now() - startMs);
    });
  });
}

/** The lives of as many, in seconds. */
async function lives(port: number, text: string): Promise<[least: number, most: number]> {
  const all = await Promise.all(Array.from({ length: SLOW }, () => lifeOf(port, text)));
  return [Math.min(...all), Math.max(...all)];
}

// A record of 512 bytes is announced.
const HELLO = '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003';

it.concurrent('D6 500 connections that say a byte of their ClientHello a second are closed within 12 s', async () => {
  await using test = await HubProcess.start();
  const watched = await observeHub(test, { pid: test.pid });
  const [least, most] = await lives(test.port, HELLO);
  console.log(`D6: closed after ${Math.round(least)} to ${Math.round(most)} ms`);
  expect(least).toBeGreaterThan(5_000);
  expect(most).toBeLessThan(MOST_MS);
  await watched.settled();
}, 60_000);

it.concurrent('D7 500 requests whose head comes a byte a second are closed within 12 s', async () => {
  // Heads are read by the same server, with and without TLS, and without it 500 connections are no storm of their own.
  await using test = await HubProcess.start({ options: { tls: false, publicUrl: 'https://127.0.0.1' } });
  const [least, most] = await lives(test.port, 'GET /v1/hub HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
  console.log(`D7: closed after ${Math.round(least)} to ${Math.round(most)} ms`);
  expect(least).toBeGreaterThan(5_000);
  expect(most).toBeLessThan(MOST_MS);
}, 60_000);

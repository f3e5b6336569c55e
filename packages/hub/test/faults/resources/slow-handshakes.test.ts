// Who says so little and so slowly that its connection costs the hub, and not the one at its other end.
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { observeHub } from '../../support/observe.ts';
import { HubProcess } from '../../support/hub-process.ts';
import { rawPeer } from '../../support/raw.ts';

const SLOW = 500;
/** reliability.md section 5.5: ten seconds for a handshake or a head, which are looked at every two seconds. */
const MOST_MS = 12_000;
/** This process and the hub may be busy with others. */
const MARGIN_MS = 2_000;
const A_BYTE_MS = 1_000;

let test: HubProcess;
beforeAll(async () => {
  test = await HubProcess.start();
});
afterAll(() => test[Symbol.asyncDispose]());

/** How long it lives while it says these bytes one by one, and as many spaces as there is time for. */
function lifeOf(socket: Socket, text: string): Promise<number> {
  const startMs = performance.now();
  let said = 0;
  const saying = setInterval(() => socket.write(text[said++] ?? ' ', 'latin1'), A_BYTE_MS);
  // What the hub says last, a 408 or an alert, is to be read, or its end is never seen.
  socket.on('error', () => undefined).resume();
  return new Promise((resolve) => {
    socket.once('close', () => {
      clearInterval(saying);
      resolve(performance.now() - startMs);
    });
  });
}

function report(what: string, lives: readonly number[]): void {
  const [least, most] = [Math.min(...lives), Math.max(...lives)].map((ms) => (ms / 1_000).toFixed(1));
  console.log(`${what}: ${lives.length} connections closed after ${least} to ${most} s`);
}

it('D6 500 connections that say a byte of their ClientHello a second are closed within 12 s', async () => {
  const watched = await observeHub(test, { pid: test.pid });
  // A record of 512 bytes is announced.
  const hello = '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003';
  const sockets = Array.from({ length: SLOW }, () => connect({ port: test.port, host: '127.0.0.1' }));
  const lives = await Promise.all(sockets.map((socket) => lifeOf(socket, hello)));
  report('D6', lives);
  expect(Math.max(...lives)).toBeLessThan(MOST_MS + MARGIN_MS);
  await watched.settled();
}, 40_000);

it('D7 500 requests whose head comes a byte a second are closed within 12 s', async () => {
  const peers = [];
  for (let made = 0; made < SLOW; made += 50) peers.push(...(await Promise.all(Array.from({ length: 50 }, () => rawPeer(test)))));
  const lives = await Promise.all(peers.map(({ socket }) => lifeOf(socket, 'GET /v1/hub HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ')));
  report('D7', lives);
  expect(Math.max(...lives)).toBeLessThan(MOST_MS + MARGIN_MS);
  expect(peers.every(({ unread }) => unread.length === 0 || unread.toString('latin1').startsWith('HTTP/1.1 408'))).toBe(true);
}, 40_000);

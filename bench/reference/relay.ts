// The reference: a bare ws relay, TLS on both sides, with pause and resume. Frozen: figures are ratios to it.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

const HIGH = 262_144;
const LOW = 65_536;
const [keyFile = '', certFile = ''] = process.argv.slice(2);
const server = createServer({ key: readFileSync(keyFile), cert: readFileSync(certFile), ALPNProtocols: ['http/1.1'] });
const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: HIGH });

let waiting: WebSocket | undefined;
sockets.on('connection', (socket) => {
  if (waiting === undefined) {
    waiting = socket;
    socket.on('close', () => {
      if (waiting === socket) waiting = undefined;
    });
    return;
  }
  forward(waiting, socket);
  forward(socket, waiting);
  waiting = undefined;
});

function forward(from: WebSocket, to: WebSocket): void {
  from.on('message', (data, isBinary) => {
    to.send(data, { binary: isBinary }, () => {
      if (from.isPaused && to.bufferedAmount <= LOW) from.resume();
    });
    if (to.bufferedAmount >= HIGH) from.pause();
  });
  from.on('close', () => to.close());
}

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));

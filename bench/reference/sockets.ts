// The reference of the storm: a bare ws server with TLS that keeps sockets, and does nothing with them.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { answerStalls } from '../src/stalls.ts';

const [keyFile = '', certFile = ''] = process.argv.slice(2);
const server = createServer({ key: readFileSync(keyFile), cert: readFileSync(certFile), ALPNProtocols: ['http/1.1'] });
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (socket) => socket.on('error', () => socket.terminate()));
answerStalls();
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));

// The far side's process: a device, and bare WebSockets to the reference relay; both swallow, echo, or do not read.
import { readFileSync } from 'node:fs';
import { DeviceClient, type DeviceStream } from '@streams/device';
import { WebSocket } from 'ws';
import type { FarKind } from './party.ts';

/** What the main process asks for: a bare far side on the reference relay. */
export interface Order {
  readonly url: string;
  readonly kind: FarKind;
  /** A sink says `done` after this many bytes. */
  readonly bytes: number;
}

const [caFile = ''] = process.argv.slice(2);
const ca = readFileSync(caFile);
const device = DeviceClient.fromConnectionString(process.env['STREAMS_CONNECTION_STRING']);
device.onStreamRequest(async (request) => serve(await request.accept(), request.name as FarKind));
await device.connect();

function serve(stream: DeviceStream, kind: FarKind): void {
  if (kind === 'echo') stream.pipe(stream);
  if (kind === 'sink') stream.on('end', () => stream.end()).resume();
}

process.on('message', ({ url, kind, bytes }: Order) => {
  const socket = new WebSocket(url, { ca, perMessageDeflate: false });
  let left = bytes;
  socket.on('message', (data: Buffer) => {
    if (kind === 'echo') return socket.send(data);
    left -= data.length;
    if (left <= 0) socket.send('done');
  });
  socket.on('error', () => undefined);
  socket.on('open', () => {
    if (kind === 'stalled') socket.pause();
    process.send?.('joined');
  });
});
process.send?.('ready');

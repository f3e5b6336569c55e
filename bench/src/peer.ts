// The far side's process: a device, and bare WebSockets to the reference relay; both echo, or swallow and then confirm.
import { readFileSync } from 'node:fs';
import { DeviceClient } from '@streams/device';
import { WebSocket } from 'ws';

/** What the main process asks for: a bare far side on the reference relay. */
interface Order {
  readonly url: string;
  readonly kind: 'echo' | 'sink';
  /** A sink says `done` after this many bytes. */
  readonly bytes: number;
}

const [connectionString, caFile = ''] = process.argv.slice(2);
const ca = readFileSync(caFile);
const device = DeviceClient.fromConnectionString(connectionString);
device.onStreamRequest(async (request) => {
  const stream = await request.accept();
  if (request.name === 'echo') stream.pipe(stream);
  else stream.on('end', () => stream.end()).resume();
});
await device.connect();

process.on('message', ({ url, kind, bytes }: Order) => {
  const socket = new WebSocket(url, { ca, perMessageDeflate: false });
  let left = bytes;
  socket.on('message', (data: Buffer) => {
    if (kind === 'echo') return socket.send(data);
    left -= data.length;
    if (left <= 0) socket.send('done');
  });
  socket.on('open', () => process.send?.('joined'));
});
process.send?.('ready');

// A load process: connects devices to the hub, or bare WebSockets to the reference relay, and keeps them idle.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { DeviceClient } from '@streams/device';
import { WebSocket } from 'ws';

/** What the main process asks for: connections from `from` up to and without `to`. */
export interface SwarmOrder {
  readonly from: number;
  readonly to: number;
}

/** Dials that run at once. */
const CONCURRENCY = 32;
const [caFile = '', relayUrl] = process.argv.slice(2);
const connectionString = process.env['STREAMS_CONNECTION_STRING'] ?? '';
const ca = readFileSync(caFile);
const kept: unknown[] = [];

async function connect(index: number): Promise<unknown> {
  if (relayUrl !== undefined) {
    const socket = new WebSocket(relayUrl, { ca, perMessageDeflate: false });
    await once(socket, 'open');
    return socket;
  }
  const device = DeviceClient.fromConnectionString(connectionString.replace('DeviceId=bench-0', `DeviceId=bench-${index}`));
  await device.connect();
  return device;
}

process.on('message', async ({ from, to }: SwarmOrder) => {
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to) {
      const index = next;
      next += 1;
      kept.push(await connect(index));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  process.send?.(kept.length);
});

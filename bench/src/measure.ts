// The measurements, each once over our stream and once over the bare reference.
import { once } from 'node:events';
import type { ServiceClient } from '@streams/service';
import type { WebSocket } from 'ws';

const WRITE_BYTES = 65_536;
const HIGH_WATER_BYTES = 262_144;
const MESSAGE_BYTES = 64;
const CHUNK = Buffer.alloc(WRITE_BYTES, 'streams ');

/** Milliseconds of each of `count` handshakes, one after the other, on warm connections. */
export async function handshakes(service: ServiceClient, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const startMs = performance.now();
    const stream = await service.createStream('bench-1', { name: 'sink' });
    times.push(performance.now() - startMs);
    stream.resume().end();
    await stream.outcome;
  }
  return times;
}

/** Milliseconds of each of `count` bare TLS WebSocket handshakes: what a leg costs by itself. */
export async function bareHandshakes(open: () => Promise<WebSocket>, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const startMs = performance.now();
    const socket = await open();
    times.push(performance.now() - startMs);
    socket.close();
    await once(socket, 'close');
  }
  return times;
}

/** Bytes per second of one stream from the service to the device, until the device confirms the last byte. */
export async function throughput(service: ServiceClient, bytes: number): Promise<number> {
  const stream = await service.createStream('bench-1', { name: 'sink' });
  const startMs = performance.now();
  stream.resume();
  for (let left = bytes; left > 0; left -= WRITE_BYTES) {
    if (!stream.write(CHUNK)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'end');
  const rate = perSecond(bytes, startMs);
  await stream.outcome;
  return rate;
}

export async function bareThroughput(socket: WebSocket, bytes: number): Promise<number> {
  const done = once(socket, 'message');
  const startMs = performance.now();
  for (let left = bytes; left > 0; left -= WRITE_BYTES) {
    if (socket.bufferedAmount < HIGH_WATER_BYTES) socket.send(CHUNK);
    else await new Promise((resolve) => socket.send(CHUNK, resolve));
  }
  await done;
  return perSecond(bytes, startMs);
}

/** Milliseconds of each of `count` round trips of 64 bytes. */
export async function roundTrips(service: ServiceClient, count: number): Promise<number[]> {
  const stream = await service.createStream('bench-1', { name: 'echo' });
  const message = CHUNK.subarray(0, MESSAGE_BYTES);
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const startMs = performance.now();
    stream.write(message);
    await once(stream, 'data');
    times.push(performance.now() - startMs);
  }
  stream.end();
  await stream.outcome;
  return times;
}

export async function bareRoundTrips(socket: WebSocket, count: number): Promise<number[]> {
  const message = CHUNK.subarray(0, MESSAGE_BYTES);
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const startMs = performance.now();
    socket.send(message);
    await once(socket, 'message');
    times.push(performance.now() - startMs);
  }
  return times;
}

/** The value below which `part` of the values lie. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function perSecond(bytes: number, startMs: number): number {
  return bytes / ((performance.now() - startMs) / 1_000);
}

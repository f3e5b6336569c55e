// One stream to an echo: a ping first, then the bytes, hashed on the way out and on the way back.
import { createHash, randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { deferred, systemClock } from '@streams/protocol/internal';
import type { ServiceClient } from '@streams/service';

/** What was measured. */
export interface EchoResult {
  readonly handshakeMs: number;
  /** Of 64 bytes. */
  readonly roundTripMs: number;
  /** Sent, without the ping. */
  readonly bytes: number;
  /** Of them, there and back, from the first sent to the last received. */
  readonly megabytesPerSecond: number;
  /** Whether what came back is what was sent. */
  readonly equal: boolean;
}

const PING_BYTES = 64;

/** @param progress Is told how many bytes have come back. @throws what `createStream` throws, `STREAMS_STREAM_TERMINATED`. */
export async function measureEcho(
  service: ServiceClient,
  device: string,
  source: Readable,
  progress: (bytes: number) => void,
): Promise<EchoResult> {
  const startMs = systemClock.monotonicMs();
  const stream = await service.createStream(device, { name: 'echo', resume: 'off' });
  const openMs = systemClock.monotonicMs();
  const pong = deferred<void>();
  const receiving = hashOf(stream, () => {
    if (stream.bytesRead >= PING_BYTES) pong.resolve();
    progress(stream.bytesRead);
  });
  const ping = randomBytes(PING_BYTES);
  stream.write(ping);
  await Promise.race([pong.promise, receiving]);
  const pongMs = systemClock.monotonicMs();
  const [sent, received] = await Promise.all([send(ping, source, stream), receiving]);
  const seconds = (systemClock.monotonicMs() - pongMs) / 1_000;
  return {
    handshakeMs: rounded(openMs - startMs),
    roundTripMs: rounded(pongMs - openMs),
    bytes: sent.bytes,
    megabytesPerSecond: rounded(sent.bytes / 1e6 / seconds),
    equal: sent.hash === received,
  };
}

async function hashOf(stream: AsyncIterable<Buffer>, onChunk: () => void): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) {
    hash.update(chunk);
    onChunk();
  }
  return hash.digest('hex');
}

/** Sends `source`; the hash is of all that was sent, the ping before it too. */
async function send(ping: Buffer, source: Readable, stream: Writable): Promise<{ bytes: number; hash: string }> {
  const hash = createHash('sha256').update(ping);
  let bytes = 0;
  const count = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(source, count, stream);
  return { bytes, hash: hash.digest('hex') };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

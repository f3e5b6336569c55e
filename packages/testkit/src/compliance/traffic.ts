// Payloads, and the two ends of a transfer: somebody who writes with manners, somebody who reads to the end.
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { expect } from 'vitest';
import { seededRandom } from '../seeded-random.ts';
import type { ComplianceStream } from './pair.ts';

/** 1 MiB. */
export const MIB = 1_048_576;
/** 64 KiB: what a decent writer writes at once. */
export const CHUNK_BYTES = 65_536;

/** Reproducible bytes in which every shift and swap shows. */
export function payloadOf(size: number, seed: number = size): Buffer {
  return seededRandom(seed).bytes(size);
}

/** Says where the first of them differs; what Vitest says of 16 MiB nobody can read. */
export function expectBytes(got: Buffer, expected: Buffer): void {
  if (got.equals(expected)) return;
  const at = expected.findIndex((byte, index) => byte !== got[index]);
  expect.unreachable(`${got.length} bytes of ${expected.length}, the first wrong one at ${at < 0 ? expected.length : at}`);
}

/** Writes all of `payload` as the stream takes it, without an end. */
export async function writeAll(stream: ComplianceStream, payload: Uint8Array, chunkBytes: number = CHUNK_BYTES): Promise<void> {
  for (let at = 0; at < payload.length; at += chunkBytes) {
    if (!stream.write(payload.subarray(at, at + chunkBytes))) await once(stream, 'drain');
  }
}

/** Takes the first chunk, then pauses. */
export function readFirst(stream: Readable): Promise<Buffer> {
  return new Promise((resolve) => {
    stream.once('data', (chunk: Buffer) => {
      stream.pause();
      resolve(chunk);
    });
  });
}

/** Reads to the natural end, from a pause too; rejects if the stream fails instead. */
export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

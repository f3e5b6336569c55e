// What goes over a stream: slices of random sizes one way, readers that stall the other way, and a SHA-256 of what was seen.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Random } from '@streams/protocol/internal';

/** How hard it is. */
export interface TrafficLimits {
  readonly maxSliceBytes: number;
  /** A reader stops for up to so long, now and then. */
  readonly maxStallMs: number;
  /** A writer waits for up to so long before each slice; it does not, if this is left out. */
  readonly maxPauseMs?: number;
}

/** What went one way, as one end has seen it. */
export interface Tally {
  readonly bytes: number;
  readonly sha256: string;
}

/** One direction of a stream that has ended: what went in, and what came out. */
export interface Passage {
  readonly name: string;
  readonly sent: Tally;
  readonly received: Tally;
}

/** Says so, where they are not the same. */
export function differs({ name, sent, received }: Passage): string[] {
  if (sent.sha256 === received.sha256) return [];
  return [`${name}: ${sent.bytes} bytes were sent, ${received.bytes} received, and they differ`];
}

/** Slices are cut from it. */
const SOURCE = randomBytes(2 ** 20);
/** A reader stalls once in so many chunks. */
const CHUNKS_PER_STALL = 200;

/** Writes until `signal` fires, then ends; resolves with what was written. */
export async function send(stream: Duplex, random: Random, limits: TrafficLimits, signal: AbortSignal): Promise<Tally> {
  const { maxSliceBytes, maxPauseMs = 0 } = limits;
  const hash = createHash('sha256');
  let bytes = 0;
  while (!signal.aborted) {
    const length = 1 + Math.floor(random.uniform() * maxSliceBytes);
    const from = Math.floor(random.uniform() * (SOURCE.length - length));
    const slice = SOURCE.subarray(from, from + length);
    hash.update(slice);
    bytes += length;
    if (!stream.write(slice)) await once(stream, 'drain');
    else if (maxPauseMs > 0) await new Promise((resolve) => setTimeout(resolve, random.uniform() * maxPauseMs));
    else await new Promise(setImmediate);
  }
  stream.end();
  return { bytes, sha256: hash.digest('hex') };
}

/** Reads to the end; resolves with what was read. */
export async function receive(stream: Duplex, random: Random, { maxStallMs }: TrafficLimits): Promise<Tally> {
  const hash = createHash('sha256');
  let bytes = 0;
  let stalled: NodeJS.Timeout | undefined;
  stream.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
    if (random.uniform() * CHUNKS_PER_STALL >= 1) return;
    stream.pause();
    stalled = setTimeout(() => stream.resume(), random.uniform() * maxStallMs);
  });
  try {
    await once(stream, 'end');
  } finally {
    clearTimeout(stalled);
  }
  return { bytes, sha256: hash.digest('hex') };
}

// What the own process holds on its heap, after a garbage collection.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sleep } from './real-time.ts';

const SETTLE_MS = 50;
/** What two collections of the same heap differ by. */
const NOISE_BYTES = 100_000;
let collect: (() => void) | undefined;

/** Without `--expose-gc` on the command line V8 gives its collector to new contexts only. */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}

/** Objects and array buffers that are still reachable. */
export function heapBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The same once it falls no further: what has only just been let go of may outlive one collection, by megabytes. */
export async function settledHeapBytes(): Promise<number> {
  for (let bytes = heapBytes(); ; ) {
    await sleep(SETTLE_MS);
    const now = heapBytes();
    if (now > bytes - NOISE_BYTES) return Math.min(now, bytes);
    bytes = now;
  }
}

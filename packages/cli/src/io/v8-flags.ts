// How V8 is to collect in a process that carries bytes: their buffers are freed at once, and full collections are rarer.
import { setFlagsFromString } from 'node:v8';

/** With both, bulk costs a hub half of its CPU, and each end of a proxy a third: docs/performance.md. */
const FLAGS = ['--no-concurrent-array-buffer-sweeping', '--heap-growing-percent=300'];

/** To be called before any work is done. */
export function freeBuffersAtOnce(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}

// How long the event loop of a process has stood still at most, told by itself.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const STALL = 'stall';
const RESOLUTION_MS = 5;

/** Answers {@link stallOf} from now on. */
export function answerStalls(): void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  process.on('message', (question) => {
    if (question !== STALL) return;
    process.send?.(delay.max / 1e6);
    delay.reset();
  });
}

/** Asks a child process for the longest stall since the last question, in milliseconds. */
export async function stallOf(child: ChildProcess): Promise<number> {
  child.send(STALL);
  const [stallMs] = (await once(child, 'message')) as [number];
  return stallMs;
}

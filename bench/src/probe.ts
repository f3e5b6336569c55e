// What a process has used so far, told by itself: more exact than /proc, and after a collection where memory is the question.
import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** CPU of all threads since the start, and memory now. */
export interface Usage {
  readonly cpuMs: number;
  readonly residentBytes: number;
  /** What lives in the heap, and buffers outside of it. */
  readonly liveBytes: number;
}

const USAGE = 'usage';
const USAGE_AFTER_GC = 'usage after gc';

/** Answers {@link usageOf} from now on; needs `--expose-gc`. */
export function answerUsage(): void {
  process.on('message', (question) => {
    if (question === USAGE_AFTER_GC) for (let times = 0; times < 3; times += 1) globalThis.gc?.();
    if (question === USAGE || question === USAGE_AFTER_GC) process.send?.(usage());
  });
}

/** Asks a child process. */
export async function usageOf(child: ChildProcess, collect?: 'collect'): Promise<Usage> {
  child.send(collect ? USAGE_AFTER_GC : USAGE);
  const [answer] = (await once(child, 'message')) as [Usage];
  return answer;
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { cpuMs: (user + system) / 1_000, residentBytes: rss, liveBytes: heapUsed + external };
}

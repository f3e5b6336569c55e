// How many control links of one process dial one hub at the same time. Thousands would wait for each other's TLS handshakes, and none would
// be ready within its time; RFC 6455 section 4.1 asks for one at a time, which is slow over a long path.
import { abortedError, deferred, onAbort, throwIfAborted } from '@streams/protocol/internal';

const MOST_AT_ONCE = 64;

/** The dials to one hub. */
interface Queue {
  running: number;
  /** Dials that wait, in their order. */
  readonly waiting: Set<() => void>;
}

const queues = new Map<string, Queue>();

/**
 * Runs `dial` as soon as it is its turn; its own time limit begins then.
 * @param url Of the hub.
 * @throws `STREAMS_ABORTED`, and what `dial` throws.
 */
export async function inTurn<T>(url: string, signal: AbortSignal, dial: () => Promise<T>): Promise<T> {
  throwIfAborted(signal);
  const queue = queues.get(url) ?? { running: 0, waiting: new Set() };
  queues.set(url, queue);
  if (queue.running < MOST_AT_ONCE) queue.running += 1;
  else await turn(queue, signal);
  try {
    return await dial();
  } finally {
    handOn(queue, url);
  }
}

/** Whoever is called has the place of the one before. */
function handOn(queue: Queue, url: string): void {
  const [next] = queue.waiting;
  if (next) return next();
  queue.running -= 1;
  if (queue.running === 0) queues.delete(url);
}

async function turn({ waiting }: Queue, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = deferred<void>();
  const go = (): void => {
    waiting.delete(go);
    resolve();
  };
  waiting.add(go);
  const forget = onAbort(signal, () => {
    if (waiting.delete(go)) reject(abortedError(signal));
  });
  try {
    await promise;
  } finally {
    forget();
  }
}

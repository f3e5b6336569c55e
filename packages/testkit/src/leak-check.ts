// Tells whether a test has left sockets, servers, child processes or timers behind.
import assert from 'node:assert/strict';
import { sleep } from './real-time.ts';

/** What {@link leakCheck} gives. */
export interface LeakCheck {
  /**
   * Resolves once nothing is left of what was opened since the check began; throws with the names of what is left after
   * `withinMs` of real time (3 s by default). Timers without a reference do not show: see `FakeClock.pendingTimers`.
   */
  settled(withinMs?: number): Promise<void>;
}

const POLL_MS = 10;

/** Notes what is open now, to compare with later. */
export function leakCheck(): LeakCheck {
  const baseline = countResources();
  return {
    async settled(withinMs = 3_000) {
      const deadline = performance.now() + withinMs;
      for (;;) {
        const left = beyond(baseline);
        if (left.length === 0) return;
        assert(performance.now() < deadline, `left open: ${left.join(', ')}`);
        await sleep(POLL_MS);
      }
    },
  };
}

/** Handles (TCPSocketWrap, TLSWrap, TCPServerWrap, ProcessWrap, ...) and timers; file requests and immediates come and go. */
function countResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind.endsWith('Wrap') || kind === 'Timeout') counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function beyond(baseline: ReadonlyMap<string, number>): string[] {
  const left: string[] = [];
  for (const [kind, count] of countResources()) {
    const more = count - (baseline.get(kind) ?? 0);
    if (more > 0) left.push(`${more} x ${kind}`);
  }
  return left;
}

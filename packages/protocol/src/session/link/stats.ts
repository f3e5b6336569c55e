// The figures of a link.
import type { LinkStats } from './options.ts';
import type { Pace } from './pace.ts';
import type { Receipts } from './receipts.ts';
import type { ReplayQueue } from './replay.ts';

/** The figures of now. `legsProven`: legs on which the peer has proven itself. */
export function statsOf(replay: ReplayQueue, receipts: Receipts, pace: Pace, legsProven: number): LinkStats {
  return {
    bytesSent: replay.sent,
    bytesAcked: replay.acked,
    bytesReceived: receipts.received,
    retainedBytes: replay.bytes,
    windowBytes: pace.windowBytes,
    minRttMs: pace.minRttMs,
    resumes: Math.max(0, legsProven - 1),
  };
}

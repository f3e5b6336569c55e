// What the broker says to the resource log, made up.
import type { LogEntry } from '../../src/diagnostics/resource-log.ts';

/** A handshake that was rejected. */
export const ENTRY: LogEntry = {
  operation: 'handshake',
  deviceId: 'a',
  streamName: 'web',
  streamId: '',
  sessionId: '',
  resumeCount: 0,
  policy: 'p',
  address: '192.0.2.7',
  result: 'rejected',
  code: 'STREAM_REJECTED',
  durationMs: 3,
  trackingId: 't',
};

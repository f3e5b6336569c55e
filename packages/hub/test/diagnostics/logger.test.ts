// The resource log as pino writes it: one JSON line a record, each field once.
import { expect, it } from 'vitest';
import { createLogger } from '../../src/diagnostics/logger.ts';
import { type LogRecord, ResourceLog } from '../../src/diagnostics/resource-log.ts';

const RECORD: LogRecord = {
  operation: 'handshake',
  deviceId: 'a',
  streamName: 'web',
  streamId: '',
  sessionId: '',
  resumeCount: 0,
  policy: 'p',
  result: 'rejected',
  code: 'STREAM_REJECTED',
  durationMs: 3,
  reason: 'no\n{"injected":1}',
  trackingId: 't',
};

function write(record: LogRecord): string {
  let text = '';
  new ResourceLog(createLogger(undefined, { write: (line) => void (text += line) })).write(record);
  return text;
}

it('is a line with the time, the category and every field, each once', () => {
  const line = write(RECORD);
  expect(line.match(/\n/g)).toHaveLength(1);
  const keys = [...line.matchAll(/[{,]"(\w+)":/g)].map(([, key]) => key);
  expect(new Set(keys).size).toBe(keys.length);
  const record = JSON.parse(line) as Record<string, unknown>;
  expect(record).toMatchObject({ ...RECORD, category: 'DeviceStreams', phase: null, bytesToDevice: null, traceparent: null });
  expect(record['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

it('cuts the words of the two sides', () => {
  expect((JSON.parse(write({ ...RECORD, reason: 'x'.repeat(9_000) })) as LogRecord).reason).toHaveLength(256);
});

// The resource log as pino writes it: one JSON line a record, each field once, and the words of the two sides made harmless.
import { FakeClock } from '@streams/testkit';
import { expect, it } from 'vitest';
import { MemoryLogStore } from '../../src/diagnostics/log/store.ts';
import { createLogger } from '../../src/diagnostics/logger.ts';
import { type LogEntry, ResourceLog } from '../../src/diagnostics/resource-log.ts';
import { ENTRY } from '../support/log-entries.ts';

function write(entry: LogEntry): string {
  const clock = new FakeClock();
  let text = '';
  const logger = createLogger(undefined, { write: (line) => void (text += line) });
  new ResourceLog({ clock, logger, store: new MemoryLogStore(clock) }).write(entry);
  return text;
}

function reasonOf(reason: string): string | undefined {
  return (JSON.parse(write({ ...ENTRY, reason })) as LogEntry).reason;
}

it('is a line with the time, the category and every field, each once', () => {
  const line = write({ ...ENTRY, reason: 'no' });
  expect(line.match(/\n/g)).toHaveLength(1);
  const keys = [...line.matchAll(/[{,]"(\w+)":/g)].map(([, key]) => key);
  expect(new Set(keys).size).toBe(keys.length);
  const record = JSON.parse(line) as Record<string, unknown>;
  expect(record).toMatchObject({ ...ENTRY, reason: 'no', category: 'DeviceStreams', phase: null, bytesToDevice: null, traceparent: null });
  for (const field of ['time', 'startTime']) expect(record[field]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

it.each([
  ['a line of its own', 'no\n{"injected":1}', String.raw`no\u000a{"injected":1}`],
  ['colours of a terminal', '\u001b[31mred\u009b0m', String.raw`\u001b[31mred\u009b0m`],
  ['the direction of writing', 'a\u202etxt.exe\u2066', String.raw`a\u202etxt.exe\u2066`],
  ['an invisible character beyond 16 bits', 'a\u{e0041}', String.raw`a\u{e0041}`],
  ['half a character', 'a\ud83d', String.raw`a\ud83d`],
  ['letters of other scripts', 'ошибка 錯誤 🙂', 'ошибка 錯誤 🙂'],
])('%s', (_, reason, written) => {
  expect(reasonOf(reason)).toBe(written);
});

it('takes what looks like a key out of them', () => {
  const key = Buffer.alloc(32, 7).toString('base64');
  const token = Buffer.alloc(32, 0xfb).toString('base64url');
  const hostile = `HostName=h;SharedAccessKey=${key}, ${key} and ${token}; Bearer ${token} SharedAccessKey=${key.slice(0, 20)}\n${key.slice(20)}`;
  const written = reasonOf(hostile) ?? '';
  for (const secret of [key, token, key.slice(20)]) expect(written).not.toContain(secret);
  expect(written).toContain('HostName=h;SharedAccessKey=[redacted]');
  expect(reasonOf('no file /usr/lib/python3/dist-packages/serial/tools/list_ports.py')).toContain('/usr/lib/python3/dist-packages');
});

it('cuts them, not through a character', () => {
  expect(reasonOf('x'.repeat(9_000))).toHaveLength(256);
  expect(reasonOf(`${'x'.repeat(255)}🙂`)).toHaveLength(255);
});

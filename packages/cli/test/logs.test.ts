// What `streams logs` understands as a time, and how it shows records to people.
import type { LogRecord } from '@streams/protocol/internal';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logRows } from '../src/io/log-table.ts';
import { pastTime } from '../src/io/past-time.ts';

const NOW = Date.parse('2026-11-28T23:30:00Z');
let zone: string | undefined;
beforeAll(() => {
  zone = process.env['TZ'];
  process.env['TZ'] = 'Europe/Berlin';
});
afterAll(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

describe('a time', () => {
  it.each([
    ['90s', '2026-11-28T23:28:30.000Z'],
    ['30m', '2026-11-28T23:00:00.000Z'],
    ['2d', '2026-11-26T23:30:00.000Z'],
    // There it is the 29th already.
    ['today', '2026-11-28T23:00:00.000Z'],
    ['yesterday', '2026-11-27T23:00:00.000Z'],
    ['2026-07-01', '2026-06-30T22:00:00.000Z'],
    ['2026-07-01T12:00', '2026-07-01T10:00:00.000Z'],
    ['2026-07-01 12:00:30', '2026-07-01T10:00:30.000Z'],
    ['2026-07-01T12:00Z', '2026-07-01T12:00:00.000Z'],
    ['2026-07-01T12:00+05:00', '2026-07-01T07:00:00.000Z'],
  ])('%s', (text, time) => {
    expect(pastTime(text, NOW).toISOString()).toBe(time);
  });

  it.each(['', 'tomorrow', '1w', '-1h', '2026', '2026-13-01', '2026-07-01T25:00', '1 h', 'constructor'])('is not %j', (text) => {
    expect(() => pastTime(text, NOW)).toThrow(/expected how long ago/);
  });
});

const RECORD: LogRecord = {
  time: '2026-11-28T13:31:40.213Z',
  category: 'DeviceStreams',
  operation: 'stream',
  deviceId: 'pump-7',
  streamName: 'ssh',
  streamId: 's',
  sessionId: 's',
  resumeCount: 0,
  policy: 'service',
  address: '192.0.2.17',
  result: 'terminated',
  code: 'STREAM_TERMINATED',
  phase: null,
  startTime: '2026-11-28T13:02:11.084Z',
  durationMs: 1_769_129,
  stepsMs: null,
  bytesToDevice: 61_214,
  bytesToService: 999_950,
  endedBy: 'device',
  closeCode: 4410,
  reason: '',
  trackingId: 't',
  traceparent: null,
};

describe('a table', () => {
  const cellsOf = (changes: Partial<LogRecord>): string[] => (logRows([{ ...RECORD, ...changes }], 'rows')[0] ?? '').split(/ {2,}/);

  it('has local times, and says of which zone', () => {
    expect(logRows([RECORD], 'whole')).toEqual([
      'TIME (Europe/Berlin)  DEVICE  NAME  POLICY   FROM        RESULT      DURATION     TO DEVICE  TO SERVICE  ENDED BY  WHY',
      '2026-11-28 14:31:40   pump-7  ssh   service  192.0.2.17  terminated  29 min 29 s  61.2 kB    1.0 MB      device    its connection was lost',
    ]);
    expect(logRows([], 'whole')).toEqual([]);
    expect(logRows([], 'head')).toHaveLength(1);
  });

  it.each<[Partial<LogRecord>, string]>([
    [{ reason: 'the valve is stuck', closeCode: 4400 }, 'the valve is stuck'],
    [{ closeCode: 1012 }, 'the hub closed'],
    [{ closeCode: 1002 }, 'close code 1002'],
    [{ result: 'clean', code: null, closeCode: 1000 }, '-'],
    [{ result: 'rejected', code: 'STREAM_REJECTED', closeCode: null, reason: 'not today' }, 'STREAM_REJECTED: not today'],
    [{ result: 'timed-out', code: 'HANDSHAKE_TIMEOUT', closeCode: null, reason: null, phase: 'answer' }, 'HANDSHAKE_TIMEOUT: answer'],
  ])('says why: %j', (changes, why) => {
    expect(cellsOf(changes).at(-1)).toBe(why);
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [12_340, '12.3 s'],
    [59_999, '60.0 s'],
    [3_599_999, '60 min 0 s'],
    [7_260_000, '2 h 1 min'],
  ])('a duration of %d ms', (durationMs, text) => {
    expect(cellsOf({ durationMs })[6]).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_500, '1.5 kB'],
    [123_456_789, '123 MB'],
    [5e15, '5000 TB'],
  ])('%d bytes', (bytesToDevice, text) => {
    expect(cellsOf({ bytesToDevice })[7]).toBe(text);
  });

  it('is steered by nobody, though an older hub may send what it likes', () => {
    expect(cellsOf({ reason: 'a\u001b[2Jb\n\u202ec' }).at(-1)).toBe('a [2Jb c');
  });
});

// Records of the resource log as rows for people.
import type { LogRecord } from '@streams/protocol/internal';
import { printable } from './errors.ts';
import { padded } from './output.ts';

/** What is written of ends that come without words. */
const ENDS: Readonly<Record<number, string>> = {
  1008: 'revoked',
  1012: 'the hub closed',
  4400: 'aborted',
  4410: 'its connection was lost',
};
const HEAD = ['DEVICE', 'NAME', 'POLICY', 'FROM', 'RESULT', 'DURATION', 'TO DEVICE', 'TO SERVICE', 'ENDED BY', 'WHY'];
/** Of columns whose rows are not known beforehand. */
const WIDTHS = [19, 16, 10, 10, 15, 11, 10, 9, 10, 8];
const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** @param part `whole`: columns as wide as need be; `head` and `rows`: a table that goes on. */
export function logRows(records: readonly LogRecord[], part: 'whole' | 'head' | 'rows'): string[] {
  const head = [`TIME (${zone()})`, ...HEAD];
  const rows = records.map(row);
  if (part === 'whole') return rows.length === 0 ? [] : padded([head, ...rows]);
  return padded(part === 'head' ? [head, ...rows] : rows, WIDTHS);
}

function row(record: LogRecord): string[] {
  const { time, deviceId, streamName, policy, address, result, durationMs, bytesToDevice, bytesToService, endedBy } = record;
  const cells = [deviceId, streamName, policy, address, result, duration(durationMs)];
  return [local(time), ...cells, bytes(bytesToDevice), bytes(bytesToService), endedBy ?? '', why(record)].map((cell) =>
    cell === '' ? '-' : printable(cell),
  );
}

function why({ reason, code, phase, closeCode, result }: LogRecord): string {
  const words = reason || (closeCode === null ? '' : (ENDS[closeCode] ?? `close code ${closeCode}`));
  if (result === 'clean' || result === 'established') return '';
  if (result === 'terminated') return words;
  return [code, phase, reason].filter((part) => part !== null && part !== '').join(': ');
}

function zone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function local(time: string): string {
  const date = new Date(time);
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

function bytes(count: number | null): string {
  if (count === null) return '';
  if (count < 1_000) return `${count} B`;
  let [size, unit] = [count, -1];
  while (size >= 999.5 && unit < UNITS.length - 1) [size, unit] = [size / 1_000, unit + 1];
  return `${size.toFixed(size < 100 ? 1 : 0)} ${UNITS[unit]}`;
}

// A time in the past, as people write it: how long ago, a day, or a moment.
import { InvalidArgumentError } from 'commander';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DAYS_AGO: Readonly<Record<string, number>> = { today: 0, yesterday: 1 };
const DAY = /^\d{4}-\d\d-\d\d$/;
const MOMENT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?$/;

/** Days, and moments without a zone, are of this machine's time zone. */
export function pastTime(text: string, nowMs: number): Date {
  const time = parse(text, nowMs);
  if (time && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError('expected how long ago, such as 30m, 1h or 2d, or yesterday, 2026-11-28, 2026-11-28T14:00');
}

function parse(text: string, nowMs: number): Date | undefined {
  const [, number, unit = ''] = /^(\d{1,5})([smhd])$/.exec(text) ?? [];
  if (number !== undefined) return new Date(nowMs - Number(number) * (UNITS_MS[unit] ?? 0));
  const daysAgo = DAYS_AGO[text];
  if (daysAgo !== undefined) {
    const today = new Date(nowMs);
    return new Date(today.getFullYear(), today.getMonth(), today.getDate() - daysAgo);
  }
  // JavaScript takes a day alone for UTC, and a moment without a zone for local time.
  if (DAY.test(text)) return new Date(`${text}T00:00`);
  return MOMENT.test(text) ? new Date(text.replace(' ', 'T')) : undefined;
}

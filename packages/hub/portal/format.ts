// Figures and times for people, in the language of their browser.

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
/** Stands where there is nothing to say. */
export const NOTHING = '–';

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
const TIME_PARTS = { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit', second: '2-digit' } as const;
const moment = new Intl.DateTimeFormat(undefined, TIME_PARTS);
const momentOfYear = new Intl.DateTimeFormat(undefined, { ...TIME_PARTS, year: 'numeric' });
const clockTime = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** `1,234`. */
export function count(value: number): string {
  return whole.format(value);
}

/** Three digits, such as `1.23`; all those before the point. */
export function figure(value: number): string {
  return Math.abs(value) >= 1_000 ? whole.format(value) : precise.format(value);
}

/** `1.2 MB`: units of a thousand, as those of networks are. */
export function bytes(value: number): string {
  let rest = value;
  let unit = 0;
  // What would be rounded to a thousand takes the next unit.
  while (rest >= 999.5 && unit < BYTE_UNITS.length - 1) {
    rest /= 1_000;
    unit += 1;
  }
  return `${unit === 0 ? whole.format(rest) : precise.format(rest)} ${BYTE_UNITS[unit]}`;
}

/** `1.2 MB/s`. */
export function rate(bytesPerSecond: number): string {
  return `${bytes(bytesPerSecond)}/s`;
}

/** Two units at most: `850 ms`, `4 s`, `3 min 20 s`, `5 h 2 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < SECOND_MS) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return pair(ms, MINUTE_MS, 'min', SECOND_MS, 's');
  if (ms < DAY_MS) return pair(ms, HOUR_MS, 'h', MINUTE_MS, 'min');
  return pair(ms, DAY_MS, 'd', HOUR_MS, 'h');
}

/** `5 min ago`; the larger unit alone. */
export function ago(ms: number): string {
  if (ms < 10 * SECOND_MS) return 'just now';
  const [number = '', unit = ''] = duration(ms).split(' ');
  return `${number} ${unit} ago`;
}

/** Date and time of day, with the year unless it is this one. */
export function dateTime(at: Date): string {
  return (at.getFullYear() === new Date().getFullYear() ? moment : momentOfYear).format(at);
}

/** Hours and minutes. */
export function timeOfDay(at: Date): string {
  return clockTime.format(at);
}

function pair(ms: number, largeMs: number, large: string, smallMs: number, small: string): string {
  const rest = Math.floor((ms % largeMs) / smallMs);
  return `${Math.floor(ms / largeMs)} ${large}${rest > 0 ? ` ${rest} ${small}` : ''}`;
}

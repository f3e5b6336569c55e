// What long-running commands log, on standard error: one line for each thing that happens, for people; with --json one of JSON, as pino's.
import { type Logger, redact, systemClock } from '@streams/protocol/internal';
import type { OutputOptions } from './output.ts';

/** pino's numbers. */
const LEVELS = { info: 30, warn: 40, error: 50 } as const;
type Level = keyof typeof LEVELS;

/** Writes to standard error. Service managers add the time to lines that are not JSON. */
export function logger(options: OutputOptions, levels: readonly Level[] = ['info', 'warn', 'error']): Logger {
  const at = (level: Level) => (fields: object, message: string) => {
    if (!levels.includes(level)) return;
    process.stderr.write(`${options.json ? jsonLine(level, fields, message) : textLine(fields, message)}\n`);
  };
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

function jsonLine(level: Level, fields: object, message: string): string {
  const time = new Date(systemClock.wallMs()).toISOString();
  return redact(JSON.stringify({ level: LEVELS[level], time, ...fields, msg: message }, (_key, value: unknown) => plain(value)));
}

/** An error says little as JSON. */
function plain(value: unknown): unknown {
  return value instanceof Error ? { code: (value as NodeJS.ErrnoException).code, message: value.message } : value;
}

/** `message (name=value …)`, without what the message says already. */
function textLine(fields: object, message: string): string {
  const news = Object.entries(fields).filter(([, value]) => typeof value !== 'object' && value !== undefined && !isIn(message, value));
  const text = news.map(([name, value]) => `${name}=${/^[^\s"=]+$/.test(String(value)) ? value : JSON.stringify(value)}`).join(' ');
  // The other side's words are among it, and must not steer the terminal.
  return redact(`${message}${text && ` (${text})`}`.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' '));
}

function isIn(message: string, value: unknown): boolean {
  return typeof value === 'string' && message.includes(value);
}

// What an SDK's client logs through: the application's logger, silent where there is none, and NODE_DEBUG=streams beside it.
import { debuglog } from 'node:util';
import { redact } from '../credentials/redact.ts';
import { createError } from '../errors/kinds.ts';
import { guardedLogger } from './guarded-logger.ts';
import type { Logger } from './logger.ts';

const debugLog = debuglog('streams');

/** An error in the application's own callback must not vanish where there is no logger. */
const defaultLogger: Logger = {
  info: () => undefined,
  warn: () => undefined,
  error: (fields, message) => process.emitWarning(`${message}: ${String((fields as { err?: unknown }).err)}`, 'StreamsWarning'),
};

/** @throws `STREAMS_INVALID_ARGUMENT` if it is no logger. */
export function clientLogger(logger: Logger = defaultLogger): Required<Logger> {
  for (const level of ['info', 'warn', 'error'] as const) {
    if (typeof logger[level] === 'function') continue;
    const message = `logger: it has no method ${level}; expected debug, info, warn and error as in pino`;
    throw createError('INVALID_ARGUMENT', { message, details: { field: 'logger' } });
  }
  const guarded = guardedLogger(logger);
  const at = (level: keyof Logger) => (fields: object, message: string) => {
    if (debugLog.enabled) debugLog('%s %s', message, lineOf(fields));
    guarded[level](fields, message);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Fields on one line; an error as its code and message. */
function lineOf(fields: object): string {
  return redact(JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? textOf(value) : value)));
}

function textOf(error: Error): string {
  return `${(error as NodeJS.ErrnoException).code ?? error.name}: ${error.message}`;
}

// A logger that fails must not take down a hub, a client or a stream: it is the application's, or writes to a disk that is full.
import type { Logger } from './logger.ts';

/** Passes everything on. What the logger throws is dropped; the process gets a warning of the first of it. */
export function guardedLogger(logger: Logger): Required<Logger> {
  let isWarned = false;
  const at = (level: keyof Logger) => (fields: object, message: string) => {
    try {
      logger[level]?.(fields, message);
    } catch (error) {
      if (!isWarned) process.emitWarning(`the logger fails, and what it is told is lost: ${String(error)}`, 'StreamsWarning');
      isWarned = true;
    }
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

// The hub's logger: the operator's, or pino to standard output.
import { guardedLogger, type Logger, silentLogger } from '@streams/protocol/internal';
import { type DestinationStream, pino } from 'pino';

/** Where a log's lines go, such as `process.stderr`. */
export interface LogDestination {
  write(line: string): unknown;
}

/**
 * Makes the hub's logger.
 * @param option `false`: nothing is logged.
 * @param destination Where pino writes. Default: standard output.
 */
export function createLogger(option: Logger | false | undefined, destination?: LogDestination): Logger {
  if (option === false) return silentLogger;
  if (option) return guardedLogger(option);
  return pino({ name: 'streams-hub', timestamp: pino.stdTimeFunctions.isoTime }, destination as DestinationStream);
}

// The hub's logger: the operator's, or pino to standard output.
import { type Logger, silentLogger } from '@streams/protocol/internal';
import { pino } from 'pino';

/** @param option `false`: nothing is logged. */
export function createLogger(option: Logger | false | undefined): Logger {
  if (option === false) return silentLogger;
  return option ?? pino({ name: 'streams-hub' });
}

// The hub's logger: the operator's, or pino to standard output.
import { type Logger, silentLogger } from '@streams/protocol/internal';
import { type DestinationStream, pino } from 'pino';

/**
 * @param option `false`: nothing is logged.
 * @param destination Where pino writes. Default: standard output.
 */
export function createLogger(option: Logger | false | undefined, destination?: DestinationStream): Logger {
  if (option === false) return silentLogger;
  return option ?? pino({ name: 'streams-hub', timestamp: pino.stdTimeFunctions.isoTime }, destination as DestinationStream);
}

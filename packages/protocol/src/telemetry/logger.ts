// What these packages ask of a logger: pino's shape, so that any logger of that shape will do.

/** Takes an object and a message, as pino does. */
export interface Logger {
  /** Every step; a logger without it is not told. */
  debug?(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Says nothing. */
export const silentLogger: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

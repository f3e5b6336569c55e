// For commander: the value of `--port`.
import { InvalidArgumentError } from 'commander';

export function portOption(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (number <= 65_535) return number;
  throw new InvalidArgumentError('expected a port from 0 to 65535');
}

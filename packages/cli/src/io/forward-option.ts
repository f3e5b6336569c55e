// For commander: the values of `--forward`, one after the other.
import type { Forward } from '@streams/service';
import { InvalidArgumentError } from 'commander';

/** A name may have `:` in it, a port not. The proxy looks the name over. */
export function forwardOption(text: string, before: readonly Forward[] = []): Forward[] {
  const [, digits, name = ''] = /^(\d{1,5}):(.+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (port <= 65_535) return [...before, { port, name }];
  throw new InvalidArgumentError('expected port:service with a port from 0 to 65535, such as 2222:ssh');
}

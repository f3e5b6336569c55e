// For commander: the values of `--service`, one after the other.
import { InvalidArgumentError } from 'commander';

/** Service name -> `host:port`. */
export type Services = Readonly<Record<string, string>>;

/** A name may have `=` in it, a target not. The proxy looks name and target over. */
export function serviceOption(text: string, before: Services = {}): Services {
  const at = text.lastIndexOf('=');
  const name = text.slice(0, at);
  if (at < 1) throw new InvalidArgumentError('expected name=host:port, such as ssh=127.0.0.1:22');
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`there are two services ${name}`);
  return { ...before, [name]: text.slice(at + 1) };
}

// What the commands have in common that manage what a hub keeps: devices, policies.
import { Command, Option } from 'commander';
import { withCredentials } from './credentials.ts';

/** The argument of the subcommands that are about one thing. */
export interface ManagedArgument {
  /** As in `<id>`. */
  readonly name: string;
  readonly description: string;
  /** For the examples of the help texts. */
  readonly example: string;
}

/** A command, and how subcommands are added to it: with credentials, `--json` and an example. */
export interface Managing {
  readonly command: Command;
  /** Adds one with the argument; its example has `options` behind it. */
  readonly add: (name: string, description: string, options?: string) => Command;
  /** Adds one without it, such as `list`. */
  readonly addOther: (name: string, description: string, options?: string) => Command;
}

export function managing(noun: string, description: string, argument: ManagedArgument): Managing {
  const example = (rest: string): string => `\nExample:\n  $ streams ${noun} ${rest}`;
  const command = new Command(noun).description(description).addHelpText('after', example('list'));
  const addOther: Managing['add'] = (name, text, options = '') => {
    const added = withCredentials(new Command(name), 'service').description(text).option('--json', 'print JSON');
    command.addCommand(added.addHelpText('after', example(`${name}${options}`)));
    return added;
  };
  const add: Managing['add'] = (name, text, options = '') =>
    addOther(name, text, ` ${argument.example}${options}`).argument(argument.name, argument.description);
  return { command, add, addOther };
}

/** Which of two keys. */
export function keyOption(): Option {
  return new Option('--key <which>', 'the key to replace').choices(['primary', 'secondary']).default('secondary');
}

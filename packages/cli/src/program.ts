// All commands under one, and how each ends: its exit code is that of the error table, and an error is one line.
import { Command, CommanderError } from 'commander';
import { createError, VERSION } from '@streams/protocol/internal';
import { connectCommand } from './commands/connect.ts';
import { deviceCommand } from './commands/device.ts';
import { devicesCommand } from './commands/devices.ts';
import { doctorCommand } from './commands/doctor.ts';
import { echoCommand } from './commands/echo.ts';
import { hubCommand } from './commands/hub.ts';
import { logsCommand } from './commands/logs.ts';
import { policiesCommand } from './commands/policies.ts';
import { proxyCommand } from './commands/proxy.ts';
import { sshCommand } from './commands/ssh.ts';
import { exitCodeOf, oneLine } from './io/errors.ts';
import { standardOutput } from './io/output.ts';
import { refuseSecrets } from './io/refuse-secrets.ts';

/** Runs a command line, without the names of Node and the program; resolves with the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    refuseSecrets(args);
    await createProgram().parseAsync(args, { from: 'user' });
    // That of ssh, where that is what ran.
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    const error = thrown instanceof CommanderError ? usageError(thrown) : thrown;
    process.stderr.write(`${oneLine(error)}\n`);
    return exitCodeOf(error);
  }
}

/** The commands; nothing has run yet. */
export function createProgram(): Command {
  const program = new Command('streams')
    .description('Reach devices behind firewalls: run a hub, manage devices, open streams.')
    .version(VERSION)
    .addHelpText('after', '\nExample:\n  $ streams hub start');
  const managing = [hubCommand(), devicesCommand(), policiesCommand(), logsCommand(), deviceCommand()];
  const using = [echoCommand(), proxyCommand(), sshCommand(), connectCommand(), doctorCommand()];
  for (const command of [...managing, ...using]) program.addCommand(command);
  everyCommand(program, (command) => {
    // Commander's own errors become lines of ours. A group without a subcommand shows its help, which is no success.
    const writeErr = (text: string): unknown => text.startsWith('error:') || process.stderr.write(text);
    command.exitOverride().configureOutput({ writeOut: (text) => standardOutput().write(text), writeErr });
    command.helpCommand(false).showSuggestionAfterError(true);
  });
  return program;
}

/** Calls `visit` with a command and all that stand below it. */
export function everyCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const below of command.commands) everyCommand(below, visit);
}

function usageError({ code, message }: CommanderError): Error {
  if (code === 'commander.help') return createError('INVALID_ARGUMENT', { message: 'which command? One of those above' });
  const text = message
    .replace(/^error: /, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/\.$/, '');
  return createError('INVALID_ARGUMENT', { message: `${text}; --help shows what the command takes` });
}

// `streams ssh`: the system's own ssh, over a stream to a device.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { Command } from 'commander';
import { createError } from '@streams/protocol/internal';
import { checkCredentials, type CredentialOptions, withCredentials } from '../io/credentials.ts';
import { sshArguments } from '../io/ssh-command.ts';

const HELP = `
Runs the ssh of this machine, with its configuration, keys and agent. What follows -- is for ssh. The exit code is ssh's.

Examples:
  $ streams ssh pump-7
  $ streams ssh pump-7 -- -l admin -L 5432:localhost:5432
  $ streams ssh pump-7 -- -l admin uptime`;

interface SshOptions extends CredentialOptions {
  readonly service: string;
}

export function sshCommand(): Command {
  return withCredentials(new Command('ssh'), 'service')
    .description('log in to a device with ssh')
    .usage('[options] <device> [-- ssh arguments]')
    .argument('<device>', 'device id')
    .argument('[ssh...]', 'arguments of ssh')
    .option('--service <name>', "the service that is the device's ssh server", 'ssh')
    .addHelpText('after', HELP)
    .action((device: string, args: string[], options: SshOptions) => ssh(device, args, options));
}

async function ssh(device: string, args: readonly string[], options: SshOptions): Promise<void> {
  // Said here it is one line; from within ssh it would be several.
  await checkCredentials(options);
  const self = [process.execPath, ...process.argv.slice(1, 2)];
  const child = spawn('ssh', [...sshArguments({ ...options, device, self }), ...args], { stdio: 'inherit' });
  process.exitCode = await exitCodeOf(child);
}

async function exitCodeOf(child: ChildProcess): Promise<number> {
  // The terminal sends its signals to both; this process stays, to tell how ssh ended.
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, pass);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + constants.signals[signal ?? 'SIGTERM'];
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const missing = 'there is no program ssh on this machine; install OpenSSH, as with `apt-get install openssh-client`';
    const message = code === 'ENOENT' ? missing : `ssh could not be started: ${code}`;
    throw createError('INVALID_STATE', { message, cause, details: { program: 'ssh' } });
  } finally {
    for (const signal of signals) process.off(signal, pass);
  }
}

// `streams connect`: standard input and output as a stream to a device, for ssh's ProxyCommand.
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { type Cancel, systemClock } from '@streams/protocol/internal';
import { type CredentialOptions, withCredentials, withService } from '../io/credentials.ts';
import { endableOutput } from '../io/standard-streams.ts';

const EXAMPLE = `
Standard input ends this direction only; the command ends when both have ended.

Example:
  $ ssh -o ProxyCommand='streams connect pump-7 ssh' admin@pump-7`;

export function connectCommand(): Command {
  return withCredentials(new Command('connect'), 'service')
    .description('connect standard input and output to a service of a device')
    .argument('<device>', 'device id')
    .argument('<service>', 'stream name, such as ssh')
    .addHelpText('after', EXAMPLE)
    .action((device: string, name: string, options: CredentialOptions) => connect(device, name, options));
}

/** ssh sends SIGHUP on its way out, while the ends of both directions are still on theirs; these have so much time, in milliseconds. */
const HANGUP_MS = 1_000;

async function connect(device: string, name: string, options: CredentialOptions): Promise<void> {
  await withService(options, async (service) => {
    const stream = await service.createStream(device, { name });
    let cancel: Cancel | undefined;
    process.once('SIGHUP', () => (cancel = systemClock.after(HANGUP_MS, () => stream.destroy())));
    try {
      await Promise.all([pipeline(process.stdin, stream), pipeline(stream, endableOutput())]);
    } catch (error) {
      // A reader that has left closes our output; what ended the stream says more than that a pipe was cut by it.
      stream.destroy();
      const { code } = error as NodeJS.ErrnoException;
      // After a hangup nobody listens.
      if (code !== 'EPIPE' && cancel === undefined) throw error;
    } finally {
      cancel?.();
    }
  });
}

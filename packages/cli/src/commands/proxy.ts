// `streams proxy`: local ports, each of which leads to a service of a device.
import { Command } from 'commander';
import { createError, StreamsError } from '@streams/protocol/internal';
import type { Forward, ForwardAddress, ServiceClient, ServiceProxy } from '@streams/service';
import { type CredentialOptions, withCredentials, withService } from '../io/credentials.ts';
import { forwardOption } from '../io/forward-option.ts';
import { logger } from '../io/log.ts';
import { type OutputOptions, printData } from '../io/output.ts';
import { untilSignal } from '../io/signals.ts';

const HELP = `
Whoever reaches a port reaches the service behind it, hence 127.0.0.1. Runs until SIGTERM or SIGINT. A connection that fails is closed at once,
with the reason on standard error; the ports stay open, through restarts of the hub and of the device too.

Examples:
  $ streams proxy pump-7 --forward 2222:ssh
  $ streams proxy pump-7 --forward 2222:ssh --forward 8080:web`;

interface ProxyOptions extends CredentialOptions, OutputOptions {
  readonly forward: readonly Forward[];
  readonly bind: string;
}

export function proxyCommand(): Command {
  return withCredentials(new Command('proxy'), 'service')
    .description('listen on local ports, and connect each to a service of a device')
    .argument('<device>', 'device id')
    .requiredOption(
      '--forward <port:service>',
      'a port and the service it leads to; 0 takes a free port; may be given again',
      forwardOption,
    )
    .option('--bind <address>', 'address to listen on', '127.0.0.1')
    .option('--json', 'print JSON, and log JSON lines')
    .addHelpText('after', HELP)
    .action((device: string, options: ProxyOptions) => proxy(device, options));
}

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'choose another port, or 0 for a free one',
  EACCES: 'choose a port from 1024 on',
  EADDRNOTAVAIL: '--bind takes an address of this machine',
};

async function proxy(deviceId: string, options: ProxyOptions): Promise<void> {
  const stop = untilSignal();
  await withService(options, async (service) => {
    await using proxy = await listen(service, deviceId, options);
    for (const forward of proxy.forwards) printData(options, forward, () => `${forward.name}: ${addressOf(forward)}`);
    await stop.promise;
  });
}

async function listen(service: ServiceClient, deviceId: string, options: ProxyOptions): Promise<ServiceProxy> {
  const { createServiceProxy } = await import('@streams/service');
  const forwards = options.forward.map((forward) => ({ ...forward, host: options.bind }));
  try {
    // What goes well is no news.
    return await createServiceProxy(service, { deviceId, forwards, logger: logger(options, ['warn', 'error']) });
  } catch (error) {
    const cause = StreamsError.is(error) ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
    if (cause === undefined) throw error;
    const message = (error as Error).message.replace(/^forwards\[\d+\]\.port/, '--forward');
    throw createError('INVALID_ARGUMENT', { message, cause, details: { field: 'forward', remedy: REMEDIES[cause.code ?? ''] } });
  }
}

function addressOf({ host, port }: ForwardAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

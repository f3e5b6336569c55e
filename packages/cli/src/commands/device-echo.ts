// `streams device echo`: a device that sends back what it gets, to try a hub with.
import { Command } from 'commander';
import { type CredentialOptions, deviceConnectionString, withCredentials } from '../io/credentials.ts';
import type { OutputOptions } from '../io/output.ts';
import { serveDevice } from '../io/serve-device.ts';

type EchoOptions = CredentialOptions & OutputOptions;

const EXAMPLE = `
Example:
  $ STREAMS_CONNECTION_STRING="$(streams devices create pump-7)" streams device echo`;

export function deviceEchoCommand(): Command {
  return withCredentials(new Command('echo'), 'device')
    .description('offer the service `echo`, until SIGTERM or SIGINT')
    .option('--json', 'print JSON, and log JSON lines')
    .addHelpText('after', EXAMPLE)
    .action((options: EchoOptions) => serveEcho(options));
}

async function serveEcho(options: EchoOptions): Promise<void> {
  const { DeviceClient } = await import('@streams/device');
  const connectionString = await deviceConnectionString(options);
  await using device = DeviceClient.fromConnectionString(connectionString);
  device.onStreamRequest(async (request) => {
    if (request.name !== 'echo') return request.reject(`this device offers echo, not ${request.name}`);
    const stream = await request.accept();
    stream.pipe(stream);
  });
  await serveDevice(device, connectionString, options);
}

// `streams device echo`: a device that sends back what it gets, to try a hub with.
import { once } from 'node:events';
import { Command } from 'commander';
import { DeviceClient } from '@streams/device';
import { type CredentialOptions, deviceConnectionString, withCredentials } from '../io/credentials.ts';

const EXAMPLE = `
Example:
  $ STREAMS_CONNECTION_STRING="$(streams devices create pump-7)" streams device echo`;

export function deviceCommand(): Command {
  const device = new Command('device').description('be a device').addHelpText('after', EXAMPLE);
  const echo = withCredentials(new Command('echo'), 'device')
    .description('offer the service `echo`, until SIGTERM or SIGINT')
    .addHelpText('after', EXAMPLE)
    .action((options: CredentialOptions) => serveEcho(options));
  return device.addCommand(echo);
}

async function serveEcho(options: CredentialOptions): Promise<void> {
  const device = DeviceClient.fromConnectionString(await deviceConnectionString(options));
  device.onStreamRequest(async (request) => {
    if (request.name !== 'echo') return request.reject(`this device offers echo, not ${request.name}`);
    const stream = await request.accept();
    stream.pipe(stream);
  });
  device.on('connected', () => process.stdout.write(`${device.deviceId} is connected\n`));
  device.on('disconnected', ({ cause, retryInMs }) => {
    const again = retryInMs === undefined ? '' : `; tries again in ${(retryInMs / 1_000).toFixed(1)} s`;
    process.stderr.write(`${device.deviceId} is not connected${cause === undefined ? '' : `: ${cause.message}`}${again}\n`);
  });
  const stopping = new AbortController();
  const stopped = Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal))).then(() => stopping.abort());
  try {
    await device.connect({ signal: stopping.signal });
    const ended = await Promise.race([device.closed, stopped]);
    if (ended) throw ended;
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  } finally {
    await device.close();
  }
}

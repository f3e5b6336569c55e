// `streams device proxy`: offers services of the device's network, such as its sshd, as streams.
import { Command } from 'commander';
import { createDeviceProxy, DeviceClient } from '@streams/device';
import { createError } from '@streams/protocol/internal';
import { type CredentialOptions, deviceConnectionString, withCredentials } from '../io/credentials.ts';
import { logger } from '../io/log.ts';
import { type OutputOptions, printData } from '../io/output.ts';
import { serveDevice } from '../io/serve-device.ts';
import { type Services, serviceOption } from '../io/service-option.ts';

const HELP = `
A service that asks for one of the names gets a connection to its target, and to nothing else. Runs until SIGTERM or SIGINT; waits for a
hub that cannot be reached. Standard error has a line for every stream's opening and end.

Examples:
  $ STREAMS_CONNECTION_STRING="$(streams devices create pump-7)" streams device proxy --service ssh=127.0.0.1:22
  $ streams device proxy --service ssh=127.0.0.1:22 --service plc=192.168.1.10:502`;

interface ProxyOptions extends CredentialOptions, OutputOptions {
  readonly service?: Services | undefined;
}

export function deviceProxyCommand(): Command {
  return withCredentials(new Command('proxy'), 'device')
    .description("offer services of the device's network, such as ssh")
    .option('--service <name=host:port>', 'a service, and where it is; may be given again', serviceOption)
    .option('--json', 'print JSON, and log JSON lines')
    .addHelpText('after', HELP)
    .action((options: ProxyOptions) => proxy(options));
}

async function proxy(options: ProxyOptions): Promise<void> {
  const services = options.service;
  if (!services) throw createError('INVALID_ARGUMENT', { message: 'which services? For example --service ssh=127.0.0.1:22' });
  await using device = DeviceClient.fromConnectionString(await deviceConnectionString(options));
  const { deviceId } = device;
  // Before the client connects, so that the first request finds it. Closed before the client, which would wait for its streams.
  await using _proxy = createDeviceProxy(device, { services, logger: logger(options) });
  const offered = Object.entries(services).map(([name, target]) => `${name} (${target})`);
  printData(options, { deviceId, services }, () => `${deviceId} offers ${offered.join(', ')}`);
  await serveDevice(device, options);
}

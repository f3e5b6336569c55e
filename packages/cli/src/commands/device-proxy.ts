// `streams device proxy`: offers services of the device's network, such as its sshd, as streams.
import { Command, Option } from 'commander';
import type { DeviceProxy } from '@streams/device';
import { createError } from '@streams/protocol/internal';
import { type CredentialOptions, deviceConnectionString, withCredentials } from '../io/credentials.ts';
import { logger } from '../io/log.ts';
import { type OutputOptions, printData } from '../io/output.ts';
import { inFile, listOf, type ProxyConfig, readConfig } from '../io/proxy-config.ts';
import { reloadOnChange } from '../io/reload-config.ts';
import { serveDevice } from '../io/serve-device.ts';
import { type Services, serviceOption } from '../io/service-option.ts';

const HELP = `
A service that asks for one of the names gets a connection to its target, and to nothing else. Runs until SIGTERM or SIGINT; waits for a
hub that cannot be reached. Standard error has a line for every stream's opening and end.

The file of --config is JSON. It is read again when it changes and at SIGHUP; streams that run go on.
  { "services": { "ssh": "127.0.0.1:22", "plc": { "target": "192.168.1.10:502", "maxStreams": 1 } }, "hideServices": true }

Examples:
  $ STREAMS_CONNECTION_STRING="$(streams devices create pump-7)" streams device proxy --service ssh=127.0.0.1:22
  $ streams device proxy --service ssh=127.0.0.1:22 --service plc=192.168.1.10:502
  $ streams device proxy --config /etc/streams/services.json`;

interface ProxyOptions extends CredentialOptions, OutputOptions {
  readonly service?: Services | undefined;
  readonly config?: string | undefined;
}

export function deviceProxyCommand(): Command {
  return withCredentials(new Command('proxy'), 'device')
    .description("offer services of the device's network, such as ssh")
    .option('--service <name=host:port>', 'a service, and where it is; may be given again', serviceOption)
    .addOption(new Option('--config <file>', 'file with the services and their limits').conflicts('service'))
    .option('--json', 'print JSON, and log JSON lines')
    .addHelpText('after', HELP)
    .action((options: ProxyOptions) => proxy(options));
}

async function proxy(options: ProxyOptions): Promise<void> {
  const { config: file } = options;
  const config = file === undefined ? configOf(options) : inFile(file, () => readConfig(file));
  const { createDeviceProxy, DeviceClient } = await import('@streams/device');
  const connectionString = await deviceConnectionString(options);
  await using device = DeviceClient.fromConnectionString(connectionString);
  const log = logger(options);
  const create = (): DeviceProxy => createDeviceProxy(device, { ...config, logger: log });
  // Before the client connects, so that the first request finds it. Closed before the client, which would wait for its streams.
  await using deviceProxy = file === undefined ? create() : inFile(file, create);
  const { deviceId } = device;
  // Before anybody is told that it runs, and sends SIGHUP.
  const stop = file === undefined ? undefined : reloadOnChange({ file, config, proxy: deviceProxy, logger: log });
  printData(options, { deviceId, ...config }, () => `${deviceId} offers ${listOf(config.services)}`);
  try {
    await serveDevice(device, connectionString, options);
  } finally {
    stop?.();
  }
}

function configOf({ service: services }: ProxyOptions): ProxyConfig {
  if (services) return { services };
  throw createError('INVALID_ARGUMENT', { message: 'which services? For example --service ssh=127.0.0.1:22, or --config FILE' });
}

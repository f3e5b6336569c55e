// `streams device`: what a device's own machine runs.
import { Command } from 'commander';
import { deviceEchoCommand } from './device-echo.ts';
import { deviceInstallCommand } from './device-install.ts';
import { deviceProxyCommand } from './device-proxy.ts';

export function deviceCommand(): Command {
  return new Command('device')
    .description('be a device')
    .addHelpText('after', '\nExample:\n  $ streams device proxy --service ssh=127.0.0.1:22')
    .addCommand(deviceProxyCommand())
    .addCommand(deviceInstallCommand())
    .addCommand(deviceEchoCommand());
}

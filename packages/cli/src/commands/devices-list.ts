// `streams devices list`: which devices there are, by what they are like; and how devices show in a table.
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Device, DeviceFilter } from '@streams/service';
import { type CredentialOptions, withService } from '../io/credentials.ts';
import { type OutputOptions, printData, table } from '../io/output.ts';
import { describe } from './devices-create.ts';

/** As they are typed. */
export interface FilterOptions {
  readonly prefix?: string | undefined;
  readonly connected?: true | undefined;
  readonly disconnected?: true | undefined;
  readonly enabled?: true | undefined;
  readonly disabled?: true | undefined;
}

type Options = CredentialOptions & OutputOptions & FilterOptions & { readonly limit?: number | undefined };

export function addFilters(command: Command): Command {
  return command
    .option('--prefix <text>', 'those alone whose id begins with it')
    .addOption(new Option('--connected', 'those alone that are connected').conflicts('disconnected'))
    .addOption(new Option('--disconnected', 'those alone that are not connected'))
    .addOption(new Option('--enabled', 'those alone that are enabled').conflicts('disabled'))
    .addOption(new Option('--disabled', 'those alone that are disabled'));
}

export function filterOf({ prefix, connected, disconnected, enabled, disabled }: FilterOptions): DeviceFilter {
  return { prefix, connected: disconnected ? false : connected, enabled: disabled ? false : enabled };
}

export async function listDevices(options: Options): Promise<void> {
  const { limit = Number.POSITIVE_INFINITY } = options;
  const devices = await withService(options, async (service) => {
    const all: Device[] = [];
    for await (const device of service.devices.list(filterOf(options))) {
      if (all.push(describe(device)) >= limit) break;
    }
    return all;
  });
  printData(options, devices, () => deviceTable(devices));
}

export function deviceTable(devices: readonly Device[]): string {
  const rows = devices.map(({ deviceId, enabled, connected, connectedSince, lastSeen }) => {
    const when = connectedSince === undefined ? (lastSeen ?? '') : `since ${connectedSince}`;
    return [deviceId, enabled ? 'yes' : 'no', connected ? 'yes' : 'no', when];
  });
  return table([['DEVICE', 'ENABLED', 'CONNECTED', 'LAST SEEN'], ...rows]);
}

/** For commander: the value of `--limit`. */
export function countOption(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a number from 1 on');
}

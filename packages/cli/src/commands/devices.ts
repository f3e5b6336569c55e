// `streams devices`: create, list, show, enable, disable, rotate the keys of, and delete devices.
import type { Command } from 'commander';
import type { Device, DeviceKey } from '@streams/service';
import { type CredentialOptions, withService } from '../io/credentials.ts';
import { keyOption, managing } from '../io/managing.ts';
import { type OutputOptions, printData, table } from '../io/output.ts';
import { createDevice, describe, type DeviceOptions } from './devices-create.ts';

type Options = CredentialOptions & OutputOptions;

export function devicesCommand(): Command {
  const { command: devices, add } = managing('devices', 'manage the devices of a hub', {
    name: '<id>',
    description: 'device id',
    example: 'pump-7',
  });
  add('create', 'create a device, and print the connection string that is all it needs').action(createDevice);
  add('list', 'list the devices').action(list);
  add('show', 'show a device').action((id: string, options: Options) => print(options, (service) => service.devices.get(id)));
  add('enable', 'let a device connect again').action((id: string, options: Options) => setEnabled(id, true, options));
  add('disable', 'cut a device off, and keep it so').action((id: string, options: Options) => setEnabled(id, false, options));
  add('rotate-key', 'make a new key in the place of one of the two, and print the connection string with it')
    .addOption(keyOption())
    .addHelpText('after', ROTATE_HELP)
    .action(rotate);
  add('delete', 'delete a device').action(remove);
  return devices;
}

const ROTATE_HELP = `
What stands on the old key ends within a second, all else goes on. A new device uses its primary key. Without a gap:
  1. rotate-key pump-7                  the device goes on with its primary key
  2. give the device the string that was printed, and restart its program
  3. rotate-key pump-7 --key primary    the old key is gone; the device goes on with its secondary key
The next time it is the other way round.`;

async function list(options: Options): Promise<void> {
  const devices = await withService(options, async (service) => {
    const all: Device[] = [];
    for await (const device of service.devices.list()) all.push(device);
    return all;
  });
  printData(options, devices, () => table([['DEVICE', 'ENABLED', 'CONNECTED'], ...devices.map(row)]));
}

function row({ deviceId, enabled, connected }: Device): string[] {
  return [deviceId, enabled ? 'yes' : 'no', connected ? 'yes' : 'no'];
}

async function print(options: Options, work: Parameters<typeof withService<Device>>[1]): Promise<void> {
  const device = describe(await withService(options, work));
  printData(options, device, () => table([['DEVICE', 'ENABLED', 'CONNECTED'], row(device)]));
}

async function setEnabled(id: string, enabled: boolean, options: Options): Promise<void> {
  await print(options, (service) => service.devices.update(id, { enabled }));
}

async function rotate(id: string, options: DeviceOptions & { readonly key: DeviceKey }): Promise<void> {
  const [device, connectionString] = await withService(options, async (service) => {
    return [await service.devices.rotateKey(id, options.key), await service.devices.connectionString(id, options.key)] as const;
  });
  printData(options, { ...describe(device), key: options.key, connectionString }, () => connectionString);
}

async function remove(id: string, options: Options): Promise<void> {
  await withService(options, (service) => service.devices.delete(id));
  printData(options, { deviceId: id, deleted: true }, () => `${id} is deleted`);
}

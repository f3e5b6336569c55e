// `streams devices`: create, list, show, enable, disable, rotate the keys of, delete, export and import devices.
import { type Command, Option } from 'commander';
import type { Device, DeviceKey } from '@streams/service';
import { type CredentialOptions, withService } from '../io/credentials.ts';
import { keyOption, managing } from '../io/managing.ts';
import { type OutputOptions, printData } from '../io/output.ts';
import { createDevice, describe, type DeviceOptions } from './devices-create.ts';
import { exportToFile } from './devices-export.ts';
import { importFromFile } from './devices-import.ts';
import { addFilters, countOption, deviceTable, listDevices } from './devices-list.ts';

type Options = CredentialOptions & OutputOptions;

export function devicesCommand(): Command {
  const argument = { name: '<id>', description: 'device id', example: 'pump-7' };
  const { command: devices, add, addOther } = managing('devices', 'manage the devices of a hub', argument);
  add('create', 'create a device, and print the connection string that is all it needs').action(createDevice);
  addFilters(addOther('list', 'list the devices', ' --prefix pump- --connected'))
    .addOption(new Option('--limit <count>', 'how many at most').argParser(countOption))
    .action(listDevices);
  add('show', 'show a device').action((id: string, options: Options) => print(options, (service) => service.devices.get(id)));
  add('enable', 'let a device connect again').action((id: string, options: Options) => setEnabled(id, true, options));
  add('disable', 'cut a device off, and keep it so').action((id: string, options: Options) => setEnabled(id, false, options));
  add('rotate-key', 'make a new key in the place of one of the two, and print the connection string with it')
    .addOption(keyOption())
    .addHelpText('after', ROTATE_HELP)
    .action(rotate);
  add('delete', 'delete a device').action(remove);
  addFilters(addOther('export', 'write the devices to a file, with their keys: a secret', ' devices.ndjson'))
    .argument('[file]', 'made for its owner alone; standard output if left out')
    .action(exportToFile);
  addOther('import', 'create or change the devices of a file, a line of JSON each', ' devices.ndjson')
    .argument('<file>', 'such as `devices export` writes; - is standard input')
    .option('--stop-on-error', 'end with the first line that fails')
    .action(importFromFile);
  return devices;
}

const ROTATE_HELP = `
What stands on the old key ends within a second, all else goes on. A new device uses its primary key. Without a gap:
  1. rotate-key pump-7                  the device goes on with its primary key
  2. give the device the string that was printed: put it into the file of its --connection-string-file, or restart its program
  3. rotate-key pump-7 --key primary    the old key is gone; the device goes on with its secondary key
The next time it is the other way round.`;

async function print(options: Options, work: Parameters<typeof withService<Device>>[1]): Promise<void> {
  const device = describe(await withService(options, work));
  printData(options, device, () => deviceTable([device]));
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

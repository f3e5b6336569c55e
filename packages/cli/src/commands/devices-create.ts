// `streams devices create`: one string, on standard output alone, is all that a device needs.
import { StreamsError } from '@streams/protocol/internal';
import type { Device, ServiceClient } from '@streams/service';
import { type CredentialOptions, withService } from '../io/credentials.ts';
import { type OutputOptions, printData, tellPerson } from '../io/output.ts';

export type DeviceOptions = CredentialOptions & OutputOptions;

/** A device that exists is left as it is, and its string is printed again: a script may run twice. */
export async function createDevice(id: string, options: DeviceOptions): Promise<void> {
  const [device, created, connectionString] = await withService(options, async (service) => {
    return [...(await createOrFind(service, id)), await service.devices.connectionString(id)] as const;
  });
  if (!created) tellPerson(`${id} exists already; this is its connection string:`);
  printData(options, { ...describe(device), created, connectionString }, () => connectionString);
  tellPerson(
    'It is a secret. On the device: put it into STREAMS_CONNECTION_STRING, then run, for example: streams device proxy --service ssh=127.0.0.1:22',
  );
}

/** A device without its keys: they are printed as a connection string, or not at all. */
export function describe({ keys: _secret, ...device }: Device): Device {
  return device;
}

async function createOrFind(service: ServiceClient, id: string): Promise<readonly [device: Device, created: boolean]> {
  try {
    return [await service.devices.create(id), true];
  } catch (error) {
    if (!StreamsError.is(error) || error.code !== 'STREAMS_CONFLICT') throw error;
    return [await service.devices.get(id), false];
  }
}

// `streams devices export`: the devices as lines of JSON, in a file for its owner alone, since it has their keys.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ExportedDevice } from '@streams/service';
import { type CredentialOptions, withService } from '../io/credentials.ts';
import { type OutputOptions, printData, showProgress, standardOutput } from '../io/output.ts';
import { writePrivateFile } from '../io/private-file.ts';
import { filterOf, type FilterOptions } from './devices-list.ts';

type Options = CredentialOptions & OutputOptions & FilterOptions;

/** Written together. */
const CHUNK_CHARACTERS = 65_536;

export async function exportToFile(file: string | undefined, options: Options): Promise<void> {
  const written = { devices: 0, hasKeys: true };
  await withService(options, async (service) => {
    const texts = textsOf(service.devices.export(filterOf(options)), written);
    await (file === undefined ? pipeline(Readable.from(texts), standardOutput(), { end: false }) : writePrivateFile(file, texts));
  });
  if (!written.hasKeys)
    process.stderr.write('streams: without keys, which a policy with device:write alone can see: no device can be restored from it\n');
  if (file === undefined) return;
  printData(
    options,
    { file, ...written },
    () => `${written.devices} devices are in ${file}${written.hasKeys ? ', with their keys: a secret' : ''}`,
  );
}

async function* textsOf(
  devices: AsyncIterable<ExportedDevice>,
  written: { devices: number; hasKeys: boolean },
): AsyncGenerator<string, void> {
  let text = '';
  for await (const device of devices) {
    text += `${JSON.stringify(device)}\n`;
    written.devices += 1;
    written.hasKeys &&= device.keys !== undefined;
    if (text.length < CHUNK_CHARACTERS) continue;
    yield text;
    text = '';
    showProgress(`${written.devices} devices`);
  }
  yield text;
  showProgress('');
}

// `streams devices import`: creates or changes the devices of a file, and says of each line that failed why.
import { open } from 'node:fs/promises';
import { createError, ERRORS } from '@streams/protocol/internal';
import type { ImportProgress, ImportRowFailure } from '@streams/service';
import { type CredentialOptions, withService } from '../io/credentials.ts';
import { printable } from '../io/errors.ts';
import { type OutputOptions, printData, showProgress } from '../io/output.ts';

type Options = CredentialOptions & OutputOptions & { readonly stopOnError?: boolean | undefined };

/** The exit code is that of data that is wrong where a line failed. */
export async function importFromFile(file: string, options: Options): Promise<void> {
  const { stopOnError } = options;
  const source = file === '-' ? process.stdin : await read(file);
  const onProgress = (progress: ImportProgress): void => showProgress(describe(progress));
  const result = await withService(options, (service) => {
    return service.devices.import(source, { stopOnError, onProgress, onFailure: tell });
  });
  showProgress('');
  printData(options, result, () => describe(result));
  if (result.failed > 0) process.exitCode = ERRORS.BAD_REQUEST.exitCode;
}

async function read(file: string): Promise<AsyncIterable<Buffer>> {
  try {
    return (await open(file)).createReadStream();
  } catch (cause) {
    const message = `${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`;
    throw createError('INVALID_ARGUMENT', { message, details: { field: 'file', file }, cause });
  }
}

function describe({ lines, created, changed, unchanged, failed }: ImportProgress): string {
  return `${lines} lines: ${created} created, ${changed} changed, ${unchanged} unchanged, ${failed} failed`;
}

function tell({ line, deviceId, code, message }: ImportRowFailure): void {
  showProgress('');
  process.stderr.write(`${printable(`line ${line}${deviceId === undefined ? '' : ` (${deviceId})`}: ${code}: ${message}`)}\n`);
}

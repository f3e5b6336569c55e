// `streams echo`: sends bytes through a device's echo and measures: the handshake, a round trip, the throughput, and whether all came back.
import { Command } from 'commander';
import { type CredentialOptions, withCredentials, withService } from '../io/credentials.ts';
import { type EchoResult, measureEcho } from '../io/measure-echo.ts';
import { coloured, type OutputOptions, printData, showProgress } from '../io/output.ts';
import { bytesOption, randomSource } from '../io/random-source.ts';
import { isInputGiven } from '../io/standard-streams.ts';
import { createError } from '@streams/protocol/internal';

const EXAMPLE = `
Sends standard input where that is a pipe or a file, else 8 MiB of its own; --bytes sends that many of its own in any case.

Examples:
  $ streams echo pump-7
  $ streams echo pump-7 --json < photo.jpg`;
const OWN_BYTES = 8_388_608;

interface EchoOptions extends CredentialOptions, OutputOptions {
  readonly bytes?: number | undefined;
}

export function echoCommand(): Command {
  return withCredentials(new Command('echo'), 'service')
    .description("send bytes through a device's echo, and measure")
    .argument('<device>', 'device id')
    .option('--bytes <number>', 'how many bytes of its own to send', bytesOption)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLE)
    .action((device: string, options: EchoOptions) => echo(device, options));
}

async function echo(device: string, options: EchoOptions): Promise<void> {
  const source = options.bytes === undefined && isInputGiven() ? process.stdin : randomSource(options.bytes ?? OWN_BYTES);
  const progress = (bytes: number): void => showProgress(`${(bytes / 1e6).toFixed(0)} MB came back`);
  try {
    const result = await withService(options, (service) => measureEcho(service, device, source, progress));
    showProgress('');
    printData(options, result, () => sentence(result));
    if (!result.equal) throw createError('BAD_DEVICE_ANSWER', { message: 'the bytes that came back are not those that were sent' });
  } finally {
    process.stdin.destroy();
  }
}

function sentence({ handshakeMs, roundTripMs, bytes, megabytesPerSecond, equal }: EchoResult): string {
  const verdict = equal ? coloured('green', 'equal') : coloured('red', 'DIFFERENT');
  return `handshake ${handshakeMs} ms, round trip ${roundTripMs} ms, ${bytes} bytes at ${megabytesPerSecond} MB/s, ${verdict}`;
}

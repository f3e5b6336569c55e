// A service's JSON Web Token from a file, which whoever issues tokens writes anew before each ends.
import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { createError } from '@streams/protocol/internal';
import type { ServiceTokenOptions } from '@streams/service';

/** As they are typed. */
export interface TokenFileOptions {
  readonly tokenFile?: string | undefined;
  /** `host[:port]`: a token does not say where its hub is. */
  readonly hub?: string | undefined;
}

/** Gives a command of services the two options. */
export function addTokenFile(command: Command): Command {
  return command
    .addOption(new Option('--token-file <file>', 'file with a JSON Web Token instead').conflicts(['connectionStringFile', 'data']))
    .option('--hub <host[:port]>', 'the hub that the token is for');
}

/**
 * What a client is made from; undefined where no token is asked for. The file is read whenever a token is due.
 * @throws `STREAMS_INVALID_ARGUMENT` if one of the options is missing, or the file cannot be read.
 */
export async function tokenAccess({ tokenFile: file, hub }: TokenFileOptions): Promise<ServiceTokenOptions | undefined> {
  if (file === undefined && hub === undefined) return undefined;
  if (file === undefined) throw invalid('tokenFile', '--hub: give --token-file too; a connection string has its hub in it');
  if (hub === undefined) throw invalid('hub', '--token-file: give --hub HOST[:PORT] too');
  const token = async (): Promise<string> => (await readFile(file, 'utf8')).trim();
  await token().catch(({ code }: NodeJS.ErrnoException) => {
    throw invalid('tokenFile', `--token-file: ${file} cannot be read (${code})`);
  });
  return { hostName: hub, token };
}

function invalid(field: string, message: string): Error {
  return createError('INVALID_ARGUMENT', { message, details: { field } });
}

// Which connection string a command uses: what its options name, then the environment, then the owner's key of a hub on this machine. Never an argument.
import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { createError, formatConnectionString, parseHost, Secret, type StreamsError } from '@streams/protocol/internal';
import type { ServiceClient } from '@streams/service';
import { addTokenFile, tokenAccess, type TokenFileOptions } from './token-file.ts';
import { defaultDataDirectory, OWNER, readPolicies, readRunningHub } from './data-directory.ts';

/** Where to look. */
export interface CredentialOptions extends TokenFileOptions {
  readonly connectionStringFile?: string | undefined;
  /** Of a hub on this machine. Default: `~/.streams`. */
  readonly data?: string | undefined;
}

/** A connection string, and where it came from, in words. */
export interface FoundString {
  readonly text: string;
  readonly source: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Gives a command the options that say where its connection string is, or a service's token; `either`: the string of a service or a device. */
export function withCredentials(command: Command, who: 'service' | 'device' | 'either'): Command {
  const file = new Option('--connection-string-file <file>', 'file with the connection string (default: $STREAMS_CONNECTION_STRING)');
  if (who === 'device') return command.addOption(file);
  command.addOption(file.conflicts('data'));
  command.option('--data <dir>', 'data directory of a hub on this machine (default: ~/.streams)');
  return who === 'either' ? command : addTokenFile(command);
}

/** @throws what {@link withService} does where there is nothing to come with. */
export async function checkCredentials(options: CredentialOptions): Promise<void> {
  if ((await tokenAccess(options)) === undefined) await serviceConnectionString(options);
}

/** @throws `STREAMS_INVALID_ARGUMENT` that says where one can be put; `STREAMS_CONNECT_FAILED` if the hub of this machine does not run. */
export async function serviceConnectionString(options: CredentialOptions, environment: Environment = process.env): Promise<string> {
  return (await findConnectionString(options, environment)).text;
}

/** {@link serviceConnectionString} of whoever it is: a device's string may be found too. */
export async function findConnectionString(options: CredentialOptions, environment: Environment = process.env): Promise<FoundString> {
  const found = options.data === undefined ? await given(options, environment) : undefined;
  return found ?? ownerString(options);
}

/** @throws `STREAMS_INVALID_ARGUMENT` that says where one can be put. */
export async function deviceConnectionString(options: CredentialOptions, environment: Environment = process.env): Promise<string> {
  const found = await given(options, environment);
  if (found !== undefined) return found.text;
  throw missing('a device needs the string that `streams devices create` printed');
}

/** Runs `work` with a client, and closes it whatever happens. The SDK is loaded by those alone who use it: it takes longer than all else. */
export async function withService<T>(options: CredentialOptions, work: (service: ServiceClient) => Promise<T>): Promise<T> {
  const access = (await tokenAccess(options)) ?? (await serviceConnectionString(options));
  const { ServiceClient } = await import('@streams/service');
  const service = typeof access === 'string' ? ServiceClient.fromConnectionString(access) : new ServiceClient(access);
  try {
    return await work(service);
  } finally {
    await service.close();
  }
}

async function given({ connectionStringFile: file }: CredentialOptions, environment: Environment): Promise<FoundString | undefined> {
  const text = environment['STREAMS_CONNECTION_STRING'];
  if (file === undefined) return text ? { text, source: 'STREAMS_CONNECTION_STRING' } : undefined;
  try {
    return { text: (await readFile(file, 'utf8')).trim(), source: file };
  } catch (cause) {
    const message = `--connection-string-file: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`;
    throw createError('INVALID_ARGUMENT', { message, details: { field: 'connectionStringFile' } });
  }
}

async function ownerString({ data }: CredentialOptions): Promise<FoundString> {
  const directory = data ?? defaultDataDirectory();
  const how = data === undefined ? '' : ', without --data';
  const policies = await readPolicies(directory);
  if (policies === undefined) throw missing(`no hub has been started in ${directory}`, how);
  const key = policies.find(({ name }) => name === OWNER)?.keys[0];
  if (key === undefined) throw missing(`the hub of ${directory} has no policy ${OWNER} any more`, how);
  const hub = await readRunningHub(directory);
  const host = parseHost(hub?.address ?? '');
  if (!hub || !host)
    throw createError('CONNECT_FAILED', {
      message: `the hub of ${directory} is not running`,
      details: { remedy: 'start it with `streams hub start`' },
    });
  const text = formatConnectionString({ ...host, policy: OWNER, key: new Secret(key), caCertificate: hub.caCertificate });
  return { text, source: `the owner's key in ${directory}` };
}

function missing(why: string, how = ''): StreamsError {
  const message = `no connection string: ${why}; set STREAMS_CONNECTION_STRING, or give --connection-string-file${how}`;
  return createError('INVALID_ARGUMENT', { message, details: { field: 'connectionString' } });
}

// The directory of a hub on this machine: what is made there at the first start, and where the hub listens while it runs. The files of CA,
// registry and policies are the hub library's own.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { DurablePolicies, DurableRegistry, NewPolicy, PolicyOptions, SettingInForce } from '@streams/hub';
import { createError, PERMISSIONS, StreamsError } from '@streams/protocol/internal';

/** Where a hub can be reached from this machine; no secret. */
export interface RunningHub {
  /** `host:port`. */
  readonly address: string;
  /** The CA that signed its certificate, in PEM; absent where the platform's roots know it. */
  readonly caCertificate?: string | undefined;
  readonly pid: number;
  /** What is in force in it. */
  readonly settings: readonly SettingInForce[];
}

/** May do everything, and stays on this machine. */
export const OWNER = 'owner';
/** Opens streams and sees devices: what a backend gets. */
export const SERVICE = 'service';

const FIRST_POLICIES: readonly NewPolicy[] = [
  { name: OWNER, permissions: PERMISSIONS },
  { name: SERVICE, permissions: ['stream:create', 'device:read'] },
];

const OWNER_ONLY = 0o600;

export function defaultDataDirectory(): string {
  return join(homedir(), '.streams');
}

/** Opens the registry, which lets one process in. */
export async function takeDirectory(dataDirectory: string): Promise<DurableRegistry> {
  const { openRegistry } = await import('@streams/hub');
  try {
    return await openRegistry({ dataDirectory });
  } catch (error) {
    if (!StreamsError.is(error) || error.code !== 'STREAMS_INVALID_STATE') throw error;
    const message = `${dataDirectory} is in use by process ${String(error.details['pid'])}, probably another hub`;
    const details = { ...error.details, remedy: 'stop that one, or give this one a directory of its own with --data' };
    throw createError('INVALID_STATE', { message, details, cause: error });
  }
}

/** Opens the policies, or makes them at a hub's first start. Only for who holds the registry of this directory. */
export async function takePolicies(dataDirectory: string): Promise<DurablePolicies> {
  const { openPolicies } = await import('@streams/hub');
  return openPolicies({ dataDirectory, defaults: FIRST_POLICIES });
}

/** `undefined` where no hub has been started yet. */
export async function readPolicies(dataDirectory: string): Promise<readonly PolicyOptions[] | undefined> {
  const { readPolicies: read } = await import('@streams/hub/policies');
  return read({ dataDirectory });
}

/** `undefined` while none runs. */
export function readRunningHub(directory: string): Promise<RunningHub | undefined> {
  return readJson<RunningHub>(join(directory, 'hub.json'));
}

export function writeRunningHub(directory: string, hub: RunningHub): Promise<void> {
  return writeWhole(join(directory, 'hub.json'), hub);
}

export function removeRunningHub(directory: string): Promise<void> {
  return rm(join(directory, 'hub.json'), { force: true });
}

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    // A parser's message can show a part of the text, which may be a key.
    const problem = cause instanceof SyntaxError ? 'is no JSON; restore it from a backup' : `cannot be read (${(cause as Error).message})`;
    throw createError('INVALID_ARGUMENT', { message: `${file} ${problem}`, details: { field: 'data', file } });
  }
}

/** Never leaves half a file behind, and never one that others can read. */
async function writeWhole(file: string, content: object): Promise<void> {
  const unfinished = `${file}.new`;
  await rm(unfinished, { force: true });
  await writeFile(unfinished, `${JSON.stringify(content, undefined, 2)}\n`, { mode: OWNER_ONLY, flag: 'wx' });
  await rename(unfinished, file);
}

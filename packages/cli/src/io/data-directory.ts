// The directory of a hub on this machine: its policies, and where it listens while it runs. CA and registry are the hub's own files there.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { DurableRegistry, PolicyOptions, SettingInForce } from '@streams/hub';
import { createError, privacyProblem, StreamsError } from '@streams/protocol/internal';

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

const OWNER_ONLY = 0o600;

function policyFile(directory: string): string {
  return join(directory, 'policies.json');
}

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

/**
 * Reads the policies, or makes them at a hub's first start. Only for who holds the registry of this directory.
 * @param configured Beside those of the directory; one of the same name counts.
 * @throws `STREAMS_INVALID_CONFIGURATION` for a file that others can read.
 */
export async function loadPolicies(directory: string, configured: readonly PolicyOptions[]): Promise<readonly PolicyOptions[]> {
  const known = await readPolicies(directory);
  if (known) await checkPrivate(policyFile(directory));
  const kept = known ?? (await makePolicies(directory));
  return [...configured, ...kept.filter(({ name }) => !configured.some((other) => other.name === name))];
}

async function makePolicies(directory: string): Promise<readonly PolicyOptions[]> {
  const key = (): string => randomBytes(32).toString('base64');
  const policies: PolicyOptions[] = [
    { name: OWNER, keys: [key(), key()], permissions: ['stream:create', 'device:read', 'device:write', 'hub:read', 'hub:write'] },
    { name: SERVICE, keys: [key(), key()], permissions: ['stream:create', 'device:read'] },
  ];
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  await writeWhole(policyFile(directory), { policies });
  return policies;
}

async function checkPrivate(file: string): Promise<void> {
  const problem = privacyProblem(file, (await stat(file)).mode, 'nobody');
  if (problem === undefined) return;
  const message = `${file} ${problem}, and replace the keys if they may have been read`;
  throw createError('INVALID_CONFIGURATION', { message, details: { file } });
}

/** `undefined` where no hub has been started yet. */
export async function readPolicies(directory: string): Promise<readonly PolicyOptions[] | undefined> {
  const content = await readJson<{ policies: PolicyOptions[] }>(policyFile(directory));
  return content?.policies;
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

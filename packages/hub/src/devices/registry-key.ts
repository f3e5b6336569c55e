// The key file under which a durable registry seals its records: made once, whole or not at all, and readable by its owner alone.
import { randomBytes } from 'node:crypto';
import { link, open, readFile, stat, unlink } from 'node:fs/promises';
import { createError, privacyProblem, StreamsError } from '@streams/protocol/internal';

const KEY_BYTES = 32;
const OWNER_ONLY = 0o600;

/**
 * Reads the key file, or makes it where there is neither the file nor a database.
 * @throws `STREAMS_INVALID_ARGUMENT` that names the file and the remedy: it is no key, or it is missing beside a database.
 * `STREAMS_INVALID_CONFIGURATION` if others can read it.
 */
export async function loadRegistryKey(keyFile: string, database: string): Promise<Buffer> {
  try {
    return await readOrMake(keyFile, database);
  } catch (error) {
    if (StreamsError.is(error)) throw error;
    throw keyError(keyFile, `cannot be read or made: ${(error as Error).message}`, error);
  }
}

async function readOrMake(keyFile: string, database: string): Promise<Buffer> {
  const mode = await modeOf(keyFile);
  if (mode === undefined && (await modeOf(database)) !== undefined) {
    const remedy = `restore it from a backup, or move ${database} away to begin with no devices`;
    throw keyError(keyFile, `is missing, and without it the devices in ${database} cannot be read; ${remedy}`);
  }
  if (mode === undefined) await makeKey(keyFile);
  else checkPrivate(keyFile, mode);
  const key = await readFile(keyFile);
  if (key.length !== KEY_BYTES) throw keyError(keyFile, `is no registry key: expected ${KEY_BYTES} bytes; restore it from a backup`);
  return key;
}

function checkPrivate(keyFile: string, mode: number): void {
  const problem = privacyProblem(keyFile, mode, 'nobody');
  if (problem === undefined) return;
  const message = `openRegistry: ${keyFile} ${problem}, and replace the devices' keys if they may have been read`;
  throw createError('INVALID_CONFIGURATION', { message, details: { field: 'dataDirectory', file: keyFile } });
}

/** The key file is there, and has not sealed this database. */
export function wrongKeyError(keyFile: string, database: string): StreamsError {
  return keyError(
    keyFile,
    `is not the key of ${database}; restore the one that belongs to it, or move ${database} away to begin with no devices`,
  );
}

function keyError(file: string, problem: string, cause?: unknown): StreamsError {
  return createError('INVALID_ARGUMENT', { message: `openRegistry: ${file} ${problem}`, details: { field: 'dataDirectory', file }, cause });
}

/** Flushed before it has its name, and never put in the place of another: what it seals can be read after any crash. */
async function makeKey(keyFile: string): Promise<void> {
  const unfinished = `${keyFile}.${randomBytes(8).toString('hex')}`;
  const handle = await open(unfinished, 'wx', OWNER_ONLY);
  try {
    await handle.chmod(OWNER_ONLY);
    await handle.writeFile(randomBytes(KEY_BYTES));
    await handle.sync();
    await link(unfinished, keyFile);
  } catch (error) {
    // Another process was faster: its key counts.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await handle.close();
    await unlink(unfinished);
  }
}

async function modeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mode;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

// An LMDB file of which this process is the only user: bytes by key, each write flushed before it is acknowledged.
import { chmod, mkdir, open as openFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createError, type StreamsError } from '@streams/protocol/internal';
// lmdb's types for ESM do not compile (`export =`), those for CommonJS do; hence also no literal in the `import()` below.
import type * as Lmdb from 'lmdb' with { 'resolution-mode': 'require' };
import { notWritten } from '../not-written.ts';
import { syncDirectory } from '../whole-file.ts';
import { checkRoom } from './disk-room.ts';

/** See the top of this file. */
export interface Store {
  get(key: string): Buffer | undefined;
  /** True if there is something, or will be once what was asked for is written. */
  has(key: string): boolean;
  /** From this key on, in the order of keys. Leave the iteration in the turn that began it. */
  entriesFrom(key: string): Iterable<{ key: string; value: Buffer }>;
  put(key: string, value: Buffer): Promise<void>;
  /** Resolves with false if there is nothing. */
  remove(key: string): Promise<boolean>;
  /** Resolves once what was written is on disk and the file is closed. Idempotent. */
  close(): Promise<void>;
}

type Database = Lmdb.RootDatabase<Buffer, string>;
const LMDB: string = 'lmdb';
const ANY_KEY = ' ';
/** Magic number and version of a database, and where they stand in its first page. */
const MAGIC = Buffer.from('dec0efbe02000000', 'hex');
const MAGIC_OFFSET = 24;
const LMDB_OPTIONS = {
  noSubdir: true,
  encoding: 'binary',
  // With lmdb's default a write is acknowledged before it is flushed: enough for `kill -9`, not for a power failure.
  overlappingSync: false,
  // Its batches hold a promise that nobody can handle: a disk that is full would end the process.
  eventTurnBatching: false,
  permissionsMode: 0o600,
} as const;

/** Makes the directory, or tightens it, and says which files belong there. */
export async function tightDirectory(dataDirectory: string): Promise<{ database: string; keyFile: string }> {
  try {
    const made = await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
    await chmod(dataDirectory, 0o700);
    const directory = await realpath(dataDirectory);
    if (made !== undefined) await Promise.all([syncDirectory(dirname(made)), syncDirectory(dirname(directory))]);
    return { database: join(directory, 'registry.mdb'), keyFile: join(directory, 'registry-key') };
  } catch (cause) {
    throw unusable(dataDirectory, cause);
  }
}

/**
 * Opens the file, or makes it.
 * @throws `STREAMS_INVALID_STATE` if it is open already, in this process or another; `STREAMS_INVALID_ARGUMENT` if it cannot be used.
 */
export async function openStore(file: string): Promise<Store> {
  // Native code: loaded by those alone who use it.
  const { open } = (await import(LMDB)) as typeof Lmdb;
  let database: Database | undefined;
  try {
    await checkMagic(file);
    database = open<Buffer, string>({ ...LMDB_OPTIONS, path: file });
    takeAlone(database, file);
    await syncDirectory(dirname(file));
    return new LmdbStore(database, file);
  } catch (error) {
    await database?.close();
    throw isInUse(error) ? error : unusable(file, error);
  }
}

class LmdbStore implements Store {
  readonly #database: Database;
  readonly #file: string;
  /** The latest write under way of each key, and whether it leaves something behind. */
  readonly #pending = new Map<string, { readonly leaves: boolean }>();
  #closed: Promise<void> | undefined;

  constructor(database: Database, file: string) {
    this.#database = database;
    this.#file = file;
  }

  get(key: string): Buffer | undefined {
    return this.#open().getBinary(key);
  }

  entriesFrom(key: string): Iterable<{ key: string; value: Buffer }> {
    return this.#open().getRange({ start: key });
  }

  put(key: string, value: Buffer): Promise<void> {
    return this.#written(key, true, (database) => database.put(key, value));
  }

  has(key: string): boolean {
    return this.#pending.get(key)?.leaves ?? this.#open().doesExist(key);
  }

  async remove(key: string): Promise<boolean> {
    // Not lmdb's conditional removal: when that fails, a promise is rejected that nobody can handle, and the process ends.
    const existed = this.has(key);
    if (existed) await this.#written(key, false, (database) => database.remove(key));
    return existed;
  }

  close(): Promise<void> {
    this.#closed ??= this.#database.close();
    return this.#closed;
  }

  #open(): Database {
    if (this.#closed) throw createError('CLOSED', { message: 'the registry is closed' });
    return this.#database;
  }

  /** Is with lmdb when this returns: writes keep their order. */
  async #written(key: string, leaves: boolean, write: (database: Database) => Promise<boolean>): Promise<void> {
    const database = this.#open();
    const pending = { leaves };
    this.#pending.set(key, pending);
    try {
      checkRoom(this.#file, this.#pending.size);
      await write(database);
    } catch (error) {
      // lmdb says why in a second promise, whose rejection must not stay unhandled either.
      const { commitError } = error as { commitError?: Promise<never> };
      const cause: unknown = (await commitError?.catch((reason: unknown) => reason)) ?? error;
      throw notWritten(this.#file, cause);
    } finally {
      if (this.#pending.get(key) === pending) this.#pending.delete(key);
    }
  }
}

/**
 * Enters this process in LMDB's table of readers, or throws if anybody stands there. The kernel holds the locks behind the
 * table and drops them with the process, so that nothing is stale after a crash; lmdb's `open` has just removed the dead.
 */
function takeAlone(database: Database, file: string): void {
  const before = readers(database);
  // This process itself, or one of another container that has our very number.
  if (before[0] !== undefined) throw inUse(file, before[0]);
  database.getBinary(ANY_KEY);
  const other = readers(database).find((pid) => pid !== process.pid);
  if (other !== undefined) throw inUse(file, other);
}

/** The process ids of the table; its entry stays from the first read to the end. */
function readers(database: Database): number[] {
  return [...database.readerList().matchAll(/^ *(\d+) /gm)].map(([, pid]) => Number(pid));
}

/** lmdb ends the whole process with a segmentation fault where a file is no database. */
async function checkMagic(file: string): Promise<void> {
  const handle = await openFile(file, 'a+', LMDB_OPTIONS.permissionsMode);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, MAGIC_OFFSET);
    const isNew = bytesRead === 0 && (await handle.stat()).size === 0;
    if (!isNew && !buffer.equals(MAGIC)) throw createError('INVALID_ARGUMENT', { message: 'it is no LMDB database' });
  } finally {
    await handle.close();
  }
}

function inUse(file: string, pid: number): StreamsError {
  const message = `openRegistry: ${file} is in use by process ${pid}; a registry has one process at a time: stop that one, or use the REST interface of its hub`;
  return createError('INVALID_STATE', { message, details: { field: 'dataDirectory', file, pid } });
}

function isInUse(error: unknown): boolean {
  return (error as { code?: string }).code === 'STREAMS_INVALID_STATE';
}

function unusable(file: string, cause: unknown): StreamsError {
  const message = `openRegistry: cannot keep the registry in ${file}: ${(cause as Error).message}`;
  return createError('INVALID_ARGUMENT', { message, details: { field: 'dataDirectory', file }, cause });
}

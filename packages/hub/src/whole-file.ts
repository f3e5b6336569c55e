// Small files of a data directory, written whole or not at all: whatever happens, a reader finds the old content or the new.
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Resolves once the content is on disk under its name: it survives the end of the process and of the machine. One writer at a time.
 * @param mode Set before anything is in the file.
 */
export async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const unfinished = `${file}.new`;
  // One that a crash has left behind may have another mode.
  await unlink(unfinished).catch(() => undefined);
  const handle = await open(unfinished, 'wx', mode);
  try {
    await handle.chmod(mode);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, file);
  await syncDirectory(dirname(file));
}

/** A file that was flushed can still lose its name in a power failure. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

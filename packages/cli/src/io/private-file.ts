// Writes a file that its owner alone can read, whole or not at all.
import { open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createError } from '@streams/protocol/internal';

const OWNER_ONLY = 0o600;

/**
 * Puts the file in the place of one that is there; what is no file, such as a pipe, is written to as it is.
 * @throws `STREAMS_INVALID_ARGUMENT` if it cannot be written, what `texts` throws.
 */
export async function writePrivateFile(file: string, texts: AsyncIterable<string>): Promise<void> {
  const isReplaced = await stat(file).then(
    (found) => found.isFile(),
    () => true,
  );
  const target = isReplaced ? `${file}.new` : file;
  if (isReplaced) await rm(target, { force: true });
  const handle = await open(target, isReplaced ? 'wx' : 'w', OWNER_ONLY).catch((cause: NodeJS.ErrnoException) => {
    throw createError('INVALID_ARGUMENT', {
      message: `${file} cannot be written (${cause.code})`,
      details: { field: 'file', file },
      cause,
    });
  });
  try {
    await writeFile(handle, texts);
    if (isReplaced) await handle.sync();
  } catch (error) {
    if (isReplaced) await rm(target, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  if (isReplaced) await rename(target, file);
}

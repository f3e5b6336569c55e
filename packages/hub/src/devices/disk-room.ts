// Whether the disk has room for one more write. lmdb must not be the one to find out: it writes its own account of that beyond the memory
// that it has for it (lmdb 3.5.6, `mdb_page_flush`), and half of all hubs with a full disk died of it.
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

const RESERVE_BYTES = 1_048_576;
/** A write changes the pages from the root of the tree to its leaf, 4 KiB each. */
const BYTES_PER_WRITE = 16_384;

/** Takes a microsecond. @param writes Under way, in the file that is named. @throws an error as the system's own, `ENOSPC`. */
export function checkRoom(file: string, writes: number): void {
  const { bavail, bsize } = statfsSync(dirname(file));
  if (bavail * bsize >= RESERVE_BYTES + writes * BYTES_PER_WRITE) return;
  throw Object.assign(new RangeError(`ENOSPC: ${bavail * bsize} bytes are left on its disk`), { code: 'ENOSPC' });
}

// Notices that a file may have changed, also where an editor or a deployment puts another in its place.
import { watch } from 'node:fs';
import { dirname } from 'node:path';
import { type Cancel, type Clock, systemClock } from '@streams/protocol/internal';

/** Programs write in several steps; they are given this time, in milliseconds. */
const SETTLE_MS = 100;

/**
 * Watches the file's directory, since the file itself may be replaced. Calls `changed` for other files of the directory too: with
 * symbolic links, as Kubernetes makes them, those are what changes.
 * @returns a function that ends it.
 */
export function watchFile(file: string, changed: () => void, failed: (error: Error) => void, clock: Clock = systemClock): Cancel {
  let cancel: Cancel | undefined;
  const settle = (): void => {
    cancel ??= clock.after(SETTLE_MS, () => {
      cancel = undefined;
      changed();
    });
  };
  const watcher = watch(dirname(file), settle).on('error', failed);
  return () => {
    watcher.close();
    cancel?.();
  };
}

// Gives a running device the key in its connection string's file whenever that changes: a rotation without a restart.
import { readFile } from 'node:fs/promises';
import type { DeviceClient } from '@streams/device';
import type { Cancel, Logger } from '@streams/protocol/internal';
import { watchFile } from './watch-file.ts';

/** Reloads after a change, and at SIGHUP; a string that is wrong changes nothing, and is said once. @returns a function that ends it. */
export function reloadKeyOnChange(file: string, first: string, device: DeviceClient, logger: Logger): Cancel {
  const { deviceId } = device;
  let last = first;
  const reload = async (): Promise<void> => {
    try {
      const text = (await readFile(file, 'utf8')).trim();
      if (text === last) return;
      last = text;
      await device.useConnectionString(text);
      logger.info({ deviceId }, `${file} was read again: ${deviceId} goes on with its key`);
    } catch (error) {
      logger.error({ deviceId }, `${file}: ${(error as Error).message}; ${deviceId} goes on with the key of before`);
    }
  };
  const onHangup = (): void => void reload();
  process.on('SIGHUP', onHangup);
  const unwatched = (error: Error): void => logger.warn({}, `${file} is not watched: ${error.message}; send SIGHUP after a change`);
  const stop = watchFile(file, onHangup, unwatched);
  return () => {
    stop();
    process.off('SIGHUP', onHangup);
  };
}

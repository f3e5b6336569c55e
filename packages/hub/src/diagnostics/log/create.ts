// Makes the resource log that the options ask for: in files, or in memory.
import type { Clock, Logger } from '@streams/protocol/internal';
import { fileLogOptions } from '../../config/resource-log.ts';
import type { HubOptions } from '../../config/schema.ts';
import { ResourceLog } from '../resource-log.ts';
import { FileLogStore } from './file-store.ts';
import { MemoryLogStore } from './store.ts';

export function createResourceLog({ hostNames, resourceLog = {} }: HubOptions, clock: Clock, logger: Logger): ResourceLog {
  const { directory } = resourceLog;
  const store =
    directory === undefined
      ? new MemoryLogStore(clock)
      : new FileLogStore({ options: fileLogOptions(directory, resourceLog), hostName: hostNames[0] ?? '', clock, logger });
  return new ResourceLog({ clock, store, logger: resourceLog.logger === false ? undefined : logger });
}

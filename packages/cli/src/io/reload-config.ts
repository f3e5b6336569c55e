// Gives a running device proxy the services of its file whenever that changes; streams that run go on.
import type { DeviceProxy } from '@streams/device';
import type { Cancel, Logger } from '@streams/protocol/internal';
import { listOf, type ProxyConfig, readConfig } from './proxy-config.ts';
import { onHangup } from './signals.ts';
import { watchFile } from './watch-file.ts';

/** What is reloaded, and from where. */
export interface Reloading {
  readonly file: string;
  /** As it was read first. */
  readonly config: ProxyConfig;
  readonly proxy: DeviceProxy;
  readonly logger: Logger;
}

/** Reloads after a change, and at SIGHUP; a file that is wrong changes nothing. @returns a function that ends it. */
export function reloadOnChange({ file, config: first, proxy, logger }: Reloading): Cancel {
  /** The services, or what is wrong with them. */
  let last = JSON.stringify(first);
  const reload = (always: boolean): void => {
    const isNews = (outcome: string): boolean => always || outcome !== last;
    try {
      const config = readConfig(file);
      const outcome = JSON.stringify(config);
      if (!isNews(outcome)) return;
      proxy.update({ ...config, logger });
      last = outcome;
      logger.info({}, `${file} was read again: ${listOf(config.services)}`);
    } catch (error) {
      const { message } = error as Error;
      if (isNews(message)) logger.error({}, `${file}: ${message}; the services stay as they were`);
      last = message;
    }
  };
  const forget = onHangup(() => reload(true));
  const unwatched = (error: Error): void => logger.warn({}, `${file} is not watched: ${error.message}; send SIGHUP after a change`);
  const stop = watchFile(file, () => reload(false), unwatched);
  // It may have changed before it was watched.
  reload(false);
  return () => {
    stop();
    forget();
  };
}

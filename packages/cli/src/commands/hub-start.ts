// `streams hub start`: the hub with its data directory, from the first start to the signal that ends it.
import { join, resolve } from 'node:path';
import { parseServiceConnectionString } from '@streams/protocol/internal';
import type { Hub, HubPorts, Logger } from '@streams/hub';
import { defaultDataDirectory, loadPolicies, removeRunningHub, SERVICE, takeDirectory, writeRunningHub } from '../io/data-directory.ts';
import { hubNames, localAddress } from '../io/host-names.ts';
import { nextSteps } from '../io/next-steps.ts';
import { type OutputOptions, printData, tellPerson } from '../io/output.ts';
import { untilSignal } from '../io/signals.ts';
import { inWordsOfOptions, type TlsFileOptions, tlsOptions } from '../io/tls-files.ts';

export interface HubStartOptions extends OutputOptions, TlsFileOptions {
  readonly port: number;
  readonly listen?: string | undefined;
  readonly hostName?: readonly string[] | undefined;
  readonly data?: string | undefined;
  /** In milliseconds. */
  readonly keepAlive?: number | undefined;
  /** In milliseconds. */
  readonly drain?: number | undefined;
  /** In milliseconds. */
  readonly handOver?: number | undefined;
  readonly log?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/** Resolves when the hub has closed. */
export async function startHub(options: HubStartOptions): Promise<void> {
  const stop = untilSignal();
  const dataDirectory = resolve(options.data ?? defaultDataDirectory());
  const { createHub } = await import('@streams/hub');
  // The registry lets one process in: what follows is alone in the directory.
  await using registry = await takeDirectory(dataDirectory);
  const hostNames = await hubNames(options);
  const policies = await loadPolicies(dataDirectory);
  const tls = tlsOptions(options, dataDirectory);
  const { keepAlive: keepAliveMs } = options;
  const resourceLog = { directory: join(dataDirectory, 'logs') };
  const logger = await hubLogger(options.log);
  await using hub = createHub({ hostNames, tls, policies, registry, keepAliveMs, resourceLog, logger });
  const ports = await hub.listen({ port: options.port, host: options.listen }).catch(inWordsOfOptions);
  try {
    await announce(hub, ports, options, dataDirectory);
    await stop.promise;
    await drain(hub, options);
  } finally {
    await removeRunningHub(dataDirectory);
  }
}

/** Resolves when the hub has closed: at once after another signal. */
async function drain(hub: Hub, { drain: limitMs, handOver: withinMs }: HubStartOptions): Promise<void> {
  void untilSignal().promise.then(() => hub.close());
  if (hub.openStreams > 0) tellPerson(`streams: lets ${hub.openStreams} open streams end; another Ctrl-C ends them at once`);
  await hub.drain({ limitMs, withinMs });
}

async function announce(hub: Hub, { port, url }: HubPorts, options: HubStartOptions, dataDirectory: string): Promise<void> {
  const serviceString = await hub.connectionString({ policy: SERVICE });
  const { caCertificate } = parseServiceConnectionString(serviceString);
  const address = caCertificate === undefined ? new URL(url).host : `${localAddress(options.listen)}:${port}`;
  await writeRunningHub(dataDirectory, { address, caCertificate, pid: process.pid });
  const secret = options.quiet ? {} : { serviceConnectionString: serviceString };
  printData(options, { url, port, dataDirectory, ...secret }, () =>
    nextSteps({ url, dataDirectory, serviceString: options.quiet ? undefined : serviceString }),
  );
}

/** Standard error, so that standard output has what a person or a program asked for. On a terminal the log would bury it. */
async function hubLogger(all: boolean | undefined): Promise<Logger> {
  const { createLogger } = await import('@streams/hub');
  const logger = createLogger(undefined, process.stderr);
  if (all || !process.stderr.isTTY) return logger;
  return {
    info: () => undefined,
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

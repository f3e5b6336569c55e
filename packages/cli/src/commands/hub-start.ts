// `streams hub start`: the hub with its data directory, from the first start to the signal that ends it.
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createError, parseServiceConnectionString, StreamsError } from '@streams/protocol/internal';
import type { DurableRegistry, Hub, HubPorts, Logger } from '@streams/hub';
import { defaultDataDirectory, loadPolicies, removeRunningHub, SERVICE, writeRunningHub } from '../io/data-directory.ts';
import { hubNames, localAddress } from '../io/host-names.ts';
import { nextSteps } from '../io/next-steps.ts';
import { type OutputOptions, printData } from '../io/output.ts';
import { inWordsOfOptions, type TlsFileOptions, tlsOptions } from '../io/tls-files.ts';

export interface HubStartOptions extends OutputOptions, TlsFileOptions {
  readonly port: number;
  readonly listen?: string | undefined;
  readonly hostName?: readonly string[] | undefined;
  readonly data?: string | undefined;
  /** In milliseconds. */
  readonly keepAlive?: number | undefined;
  readonly log?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/** Resolves when the hub has closed. */
export async function startHub(options: HubStartOptions): Promise<void> {
  const stop = Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
  const dataDirectory = resolve(options.data ?? defaultDataDirectory());
  const { createHub } = await import('@streams/hub');
  // The registry lets one process in: what follows is alone in the directory.
  await using registry = await takeDirectory(dataDirectory);
  const hostNames = await hubNames(options);
  const policies = await loadPolicies(dataDirectory);
  const tls = tlsOptions(options, dataDirectory);
  const { keepAlive: keepAliveMs } = options;
  await using hub = createHub({ hostNames, tls, policies, registry, keepAliveMs, logger: await hubLogger(options.log) });
  const ports = await hub.listen({ port: options.port, host: options.listen }).catch(inWordsOfOptions);
  try {
    await announce(hub, ports, options, dataDirectory);
    await stop;
  } finally {
    await removeRunningHub(dataDirectory);
  }
}

async function takeDirectory(dataDirectory: string): Promise<DurableRegistry> {
  const { openRegistry } = await import('@streams/hub');
  try {
    return await openRegistry({ dataDirectory });
  } catch (error) {
    if (!StreamsError.is(error) || error.code !== 'STREAMS_INVALID_STATE') throw error;
    const message = `${dataDirectory} is in use by process ${String(error.details['pid'])}, probably another hub`;
    const details = { ...error.details, remedy: 'stop that one, or give this one a directory of its own with --data' };
    throw createError('INVALID_STATE', { message, details, cause: error });
  }
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

// `streams hub start`: the hub with its data directory, from the first start to the signal that ends it.
import { deferred, parseServiceConnectionString } from '@streams/protocol/internal';
import type { DrainOptions, Hub, HubPorts, Logger, PolicyOptions } from '@streams/hub';
import { removeRunningHub, SERVICE, takeDirectory, takePolicies, writeRunningHub } from '../io/data-directory.ts';
import { refuseDebugger } from '../io/debugger.ts';
import { localAddress } from '../io/host-names.ts';
import type { HubFlags } from '../io/hub-flags.ts';
import { type HubReloading, reloadAtHangup } from '../io/hub-reload.ts';
import { type HubSettings, readHubSettings } from '../io/hub-settings.ts';
import { nextSteps } from '../io/next-steps.ts';
import { type OutputOptions, printData, tellPerson } from '../io/output.ts';
import { untilSignal } from '../io/signals.ts';

export interface HubStartOptions extends HubFlags, OutputOptions {
  readonly log?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly allowDebugger?: boolean | undefined;
}

/** Resolves when the hub has closed. */
export async function startHub(typed: HubStartOptions): Promise<void> {
  if (!typed.allowDebugger) refuseDebugger();
  const stop = untilSignal();
  const running = deferred<HubReloading>();
  const forget = reloadAtHangup(running.promise);
  let settings = await readHubSettings(typed);
  const { dataDirectory } = settings;
  const { createHub } = await import('@streams/hub');
  // The registry lets one process in: what follows is alone in the directory.
  await using registry = await takeDirectory(dataDirectory);
  const policies = await takePolicies(dataDirectory);
  const logger = await hubLogger(typed.log);
  await using hub = createHub({ ...settings.options, policies, registry, logger });
  const ports = await hub.listen(settings.listen);
  const tellOthers = await announce(hub, ports, typed, { settings, policies: await policies.list() });
  const onReload = async (next: HubSettings): Promise<void> => {
    settings = next;
    await tellOthers(next);
  };
  running.resolve({ hub, policies, typed, logger, settings, onReload });
  try {
    await stop.promise;
    await drain(hub, settings.drain);
  } finally {
    forget();
    await removeRunningHub(dataDirectory);
  }
}

/** Resolves when the hub has closed: at once after another signal. */
async function drain(hub: Hub, options: DrainOptions): Promise<void> {
  void untilSignal().promise.then(() => hub.close());
  if (hub.openStreams > 0) tellPerson(`streams: lets ${hub.openStreams} open streams end; another Ctrl-C ends them at once`);
  await hub.drain(options);
}

/** What a hub was started with. */
interface Started {
  readonly settings: HubSettings;
  readonly policies: readonly PolicyOptions[];
}

/** @returns what tells the other commands of this machine about settings that have changed. */
async function announce(
  hub: Hub,
  { port, url }: HubPorts,
  options: HubStartOptions,
  { settings, policies }: Started,
): Promise<(settings: HubSettings) => Promise<void>> {
  const { dataDirectory, listen } = settings;
  // Somebody may have deleted it; another one's shows the CA as well.
  const shown = policies.find(({ name }) => name === SERVICE);
  const serviceString = await hub.connectionString({ policy: (shown ?? policies[0])?.name ?? SERVICE });
  const { caCertificate } = parseServiceConnectionString(serviceString);
  const address = caCertificate === undefined ? new URL(url).host : `${localAddress(listen.host)}:${port}`;
  const tell = ({ inForce }: HubSettings): Promise<void> =>
    writeRunningHub(dataDirectory, { address, caCertificate, pid: process.pid, settings: inForce });
  await tell(settings);
  const secret = shown === undefined || options.quiet ? undefined : serviceString;
  printData(options, { url, port, dataDirectory, serviceConnectionString: secret }, () =>
    nextSteps({ url, dataDirectory, serviceString: secret }),
  );
  return tell;
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

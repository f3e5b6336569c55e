// What a hub consists of, and how its parts know one another.
import { type Clock, type Logger, type Random, systemClock, systemRandom } from '@streams/protocol/internal';
import { Authenticator } from './auth/authenticate.ts';
import { Policies } from './auth/policies.ts';
import { Revocation } from './auth/revocation.ts';
import { Addresses } from './config/addresses.ts';
import { fileLogOptions } from './config/resource-log.ts';
import type { HubOptions } from './config/schema.ts';
import { localRouter } from './control/router.ts';
import { Sessions } from './control/sessions.ts';
import { DeviceWriter } from './devices/device-writer.ts';
import { MemoryRegistry } from './devices/memory-registry.ts';
import type { Registry } from './devices/registry.ts';
import { deviceRoutes } from './devices/routes.ts';
import { createLogger } from './diagnostics/logger.ts';
import { historyRoute } from './diagnostics/history-route.ts';
import type { HubLevels } from './diagnostics/levels.ts';
import { Measurements } from './diagnostics/measurements.ts';
import type { HubObserver } from './diagnostics/observer.ts';
import { FileLogStore } from './diagnostics/log/file-store.ts';
import { logRoutes } from './diagnostics/log/routes.ts';
import { MemoryLogStore } from './diagnostics/log/store.ts';
import { ResourceLog } from './diagnostics/resource-log.ts';
import { Front } from './http/front.ts';
import { MetricsEndpoint } from './http/metrics-endpoint.ts';
import { TrustedProxies } from './http/trusted-proxies.ts';
import { Upgrades } from './http/upgrade.ts';
import { Portal } from './portal.ts';
import { Broker } from './streams/broker.ts';
import { streamListRoute } from './streams/list.ts';
import { streamRoutes } from './streams/routes.ts';

/** Where the hub is in its life. */
export interface HubLife extends Pick<HubLevels, 'connections' | 'certificateExpiryMs'> {
  /** False from the drain on. */
  readonly isReady: () => boolean;
  readonly isClosed: () => boolean;
}

/** All that is behind the front door. */
interface InnerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly measurements: Measurements;
  readonly observer: HubObserver;
  readonly registry: Registry;
  readonly devices: DeviceWriter;
  readonly policies: Policies;
  readonly addresses: Addresses;
  readonly sessions: Sessions;
  readonly broker: Broker;
  readonly revocation: Revocation;
  readonly log: ResourceLog;
}

/** See the top of this file. */
export interface HubParts extends InnerParts {
  readonly front: Front;
}

/** Makes the parts of a hub; nothing listens yet. */
export function assemble(options: HubOptions, life: HubLife): HubParts {
  const { clock = systemClock, random = systemRandom, registry = new MemoryRegistry() } = options;
  const logger = createLogger(options.logger);
  const measurements = new Measurements(
    levelsOf(() => ({ sessions, broker }), life),
    clock,
  );
  const observer = measurements.metrics;
  const addresses = new Addresses(options, clock.wallMs());
  const log = createResourceLog(options, clock, logger);
  const sessions: Sessions = new Sessions(
    clock,
    () => addresses.welcome(clock.wallMs()),
    (deviceId, streamId) => broker.lose(streamId, deviceId),
    observer,
  );
  const broker: Broker = new Broker({
    clock,
    random,
    registry,
    router: localRouter(sessions),
    log,
    observer,
    streamingUrl: () => addresses.urls().streaming.replace(/^https:/, 'wss:'),
    onStream: (deviceId) => revocation.check(deviceId),
  });
  const revocation = new Revocation({ registry, sessions, broker, logger });
  const devices = new DeviceWriter(registry, random);
  const policies = new Policies(options.policies);
  const inner = {
    clock,
    random,
    logger,
    measurements,
    observer,
    registry,
    devices,
    policies,
    addresses,
    sessions,
    broker,
    revocation,
    log,
  };
  return { ...inner, front: createFront(options, inner, life) };
}

/** @param parts Made later than what measures them. */
function levelsOf(parts: () => Pick<InnerParts, 'sessions' | 'broker'>, { connections, certificateExpiryMs }: HubLife): HubLevels {
  return {
    devicesConnected: () => parts().sessions.connected,
    handshakes: () => parts().broker.handshakes,
    streams: () => parts().broker.streams,
    bytes: () => parts().broker.bytes,
    connections,
    certificateExpiryMs,
  };
}

function createResourceLog({ hostNames, resourceLog = {} }: HubOptions, clock: Clock, logger: Logger): ResourceLog {
  const { directory } = resourceLog;
  const store =
    directory === undefined
      ? new MemoryLogStore(clock)
      : new FileLogStore({ options: fileLogOptions(directory, resourceLog), hostName: hostNames[0] ?? '', clock, logger });
  return new ResourceLog({ clock, store, logger: resourceLog.logger === false ? undefined : logger });
}

function createFront(options: HubOptions, parts: InnerParts, life: HubLife): Front {
  const { clock, registry, policies, addresses, broker, revocation, measurements, log } = parts;
  const { hostNames } = addresses;
  const front: Front = new Front({
    ...parts,
    hostNames,
    proxies: new TrustedProxies(options.trustedProxies ?? []),
    authenticator: new Authenticator([...hostNames], policies, registry, clock),
    routes: [
      ...deviceRoutes(parts),
      ...streamRoutes(broker),
      streamListRoute(broker),
      historyRoute(measurements.history),
      ...logRoutes(log),
      { method: 'GET', path: ['v1', 'hub'], handle: () => ({ status: 200, body: addresses.view() }) },
    ],
    metrics: new MetricsEndpoint(measurements.metrics, hostNames, options.metrics?.openOnLoopback),
    upgrades: new Upgrades({
      ...parts,
      keepAliveMs: options.keepAliveMs,
      authenticate: (caller) => front.authenticate(caller),
      onLink: (deviceId) => revocation.check(deviceId),
    }),
    portal: options.portal === false ? undefined : new Portal(),
    pageOrigins: () => addresses.pageOrigins,
    ...life,
  });
  return front;
}

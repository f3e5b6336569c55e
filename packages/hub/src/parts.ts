// What a hub consists of, and how its parts know one another.
import { type Clock, type Logger, type Random, systemClock, systemRandom } from '@streams/protocol/internal';
import { Authenticator } from './auth/authenticate.ts';
import { Penalties } from './auth/penalties.ts';
import { Policies } from './auth/policies.ts';
import { Revocation } from './auth/revocation.ts';
import { Addresses } from './config/addresses.ts';
import { LimitsInForce } from './config/limits-in-force.ts';
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
import { ResourceLog } from './diagnostics/resource-log.ts';
import { Admission } from './http/admission.ts';
import { Front } from './http/front.ts';
import { MetricsEndpoint } from './http/metrics-endpoint.ts';
import { Sources } from './http/sources.ts';
import { TrustedProxies } from './http/trusted-proxies.ts';
import { Upgrades } from './http/upgrade.ts';
import { Broker } from './streams/broker.ts';
import { StreamLimits } from './streams/limits.ts';
import { streamRoutes } from './streams/routes.ts';

/** Where the hub is in its life. */
export interface HubLife extends Pick<HubLevels, 'connections' | 'certificateExpiryMs'> {
  /** False from the drain on. */
  readonly isReady: () => boolean;
  readonly isClosed: () => boolean;
}

/** What knows none of the others. */
interface BasicParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly measurements: Measurements;
  readonly observer: HubObserver;
  readonly registry: Registry;
  readonly policies: Policies;
  readonly addresses: Addresses;
  readonly limits: LimitsInForce;
}

/** All that is behind the front door. */
interface InnerParts extends BasicParts {
  readonly devices: DeviceWriter;
  readonly sessions: Sessions;
  readonly broker: Broker;
  readonly revocation: Revocation;
}

/** See the top of this file. */
export interface HubParts extends InnerParts {
  readonly front: Front;
  readonly admission: Admission;
}

/** Makes the parts of a hub; nothing listens yet. */
export function assemble(options: HubOptions, life: HubLife): HubParts {
  const basics = basicParts(
    options,
    levelsOf(() => ({ sessions, broker }), life),
  );
  const { clock, random, logger, observer, registry, addresses, limits } = basics;
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
    log: new ResourceLog(logger),
    observer,
    limits: new StreamLimits({ limits, clock, random, observer }),
    streamingUrl: () => addresses.urls().streaming.replace(/^https:/, 'wss:'),
    onStream: (deviceId) => revocation.check(deviceId),
  });
  const revocation = new Revocation({ registry, sessions, broker, logger });
  const devices = new DeviceWriter(registry, random);
  const inner = { ...basics, devices, sessions, broker, revocation };
  return { ...inner, ...createFront(options, inner, life) };
}

function basicParts(options: HubOptions, levels: HubLevels): BasicParts {
  const { clock = systemClock, random = systemRandom, registry = new MemoryRegistry() } = options;
  const measurements = new Measurements(levels, clock);
  return {
    clock,
    random,
    logger: createLogger(options.logger),
    measurements,
    observer: measurements.metrics,
    registry,
    policies: new Policies(options.policies),
    addresses: new Addresses(options),
    limits: new LimitsInForce(options.limits),
  };
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

function createFront(options: HubOptions, parts: InnerParts, life: HubLife): { readonly front: Front; readonly admission: Admission } {
  const { clock, registry, policies, addresses, limits, broker, revocation, measurements } = parts;
  const proxies = new TrustedProxies(options.trustedProxies ?? []);
  const sources = new Sources(proxies, limits);
  const admission = new Admission({ ...parts, sources });
  const { hostNames } = addresses;
  const front: Front = new Front({
    ...parts,
    proxies,
    sources,
    admission,
    hostNames,
    authenticator: new Authenticator([...hostNames], policies, registry, clock),
    penalties: new Penalties(limits, clock),
    routes: [
      ...deviceRoutes(parts),
      ...streamRoutes(broker),
      historyRoute(measurements.history),
      { method: 'GET', path: ['v1', 'hub'], handle: () => ({ status: 200, body: addresses.view() }) },
    ],
    metrics: new MetricsEndpoint(measurements.metrics, hostNames, options.metrics?.openOnLoopback),
    upgrades: new Upgrades({
      ...parts,
      keepAliveMs: options.keepAliveMs,
      authenticate: (caller) => front.authenticate(caller),
      onLink: (deviceId) => revocation.check(deviceId),
    }),
    ...life,
  });
  return { front, admission };
}

// What a hub consists of, and how its parts know one another.
import { type Clock, type Logger, type Random, systemClock, systemRandom } from '@streams/protocol/internal';
import { MemoryPolicies } from './auth/memory-policies.ts';
import { PolicyRevocation } from './auth/policy-revocation.ts';
import { isPolicyStore, type PolicyStore } from './auth/policy-store.ts';
import { PolicyWriter } from './auth/policy-writer.ts';
import { Revocation } from './auth/revocation.ts';
import { openTokenKeys, type TokenKeys } from './auth/token-keys.ts';
import { Addresses } from './config/addresses.ts';
import { LimitsInForce } from './config/limits-in-force.ts';
import type { HubOptions } from './config/schema.ts';
import { Presence } from './control/presence.ts';
import { localRouter } from './control/router.ts';
import { Sessions } from './control/sessions.ts';
import { DeviceWriter } from './devices/device-writer.ts';
import { LastSeenJournal } from './devices/last-seen-journal.ts';
import { MemoryRegistry } from './devices/memory-registry.ts';
import type { Registry } from './devices/registry.ts';
import type { HubLevels } from './diagnostics/levels.ts';
import { createResourceLog } from './diagnostics/log/create.ts';
import { createLogger } from './diagnostics/logger.ts';
import { Measurements } from './diagnostics/measurements.ts';
import type { HubObserver } from './diagnostics/observer.ts';
import type { ResourceLog } from './diagnostics/resource-log.ts';
import { createFront, type FrontParts } from './front-parts.ts';
import { Broker } from './streams/broker.ts';
import { StreamLimits } from './streams/limits.ts';
import { StreamLog } from './streams/stream-log.ts';

/** Where the hub is in its life. */
export interface HubLife extends Pick<HubLevels, 'connections' | 'certificateExpiryMs'> {
  /** False from the drain on. */
  readonly isReady: () => boolean;
  readonly isClosed: () => boolean;
}

/** What the others stand on: time, chance, and what is kept. */
interface BaseParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly addresses: Addresses;
  readonly limits: LimitsInForce;
  readonly registry: Registry;
  readonly devices: DeviceWriter;
  readonly policies: PolicyStore;
  readonly policyWriter: PolicyWriter;
  /** Undefined: the hub takes no JSON Web Tokens. */
  readonly tokenKeys: TokenKeys | undefined;
  readonly journal: LastSeenJournal;
  readonly presence: Presence;
  readonly log: ResourceLog;
}

/** Who is connected, and what runs between whom. */
interface LiveParts {
  readonly measurements: Measurements;
  readonly observer: HubObserver;
  readonly streamLog: StreamLog;
  readonly sessions: Sessions;
  readonly broker: Broker;
  readonly revocation: Revocation;
  readonly policyRevocation: PolicyRevocation;
}

/** All that is behind the front door. */
export interface InnerParts extends BaseParts, LiveParts {}

/** See the top of this file. */
export interface HubParts extends InnerParts, FrontParts {}

/** Makes the parts of a hub; nothing listens yet. */
export function assemble(options: HubOptions, life: HubLife): HubParts {
  const base = createBase(options);
  const inner = { ...base, ...createLive(base, life) };
  return { ...inner, ...createFront(options, inner, life) };
}

function createBase(options: HubOptions): BaseParts {
  const { clock = systemClock, random = systemRandom, registry = new MemoryRegistry() } = options;
  const policies = isPolicyStore(options.policies) ? options.policies : new MemoryPolicies(options.policies);
  const logger = createLogger(options.logger);
  const journal = new LastSeenJournal({ clock, logger, lastSeen: registry.lastSeen });
  return {
    clock,
    random,
    logger,
    addresses: new Addresses(options, clock.wallMs()),
    limits: new LimitsInForce(options.limits),
    registry,
    devices: new DeviceWriter(registry, random),
    policies,
    policyWriter: new PolicyWriter(policies, random),
    tokenKeys: options.jwt && openTokenKeys(options.jwt, clock, logger),
    journal,
    presence: new Presence(clock, (deviceId) => journal.seen(deviceId)),
    log: createResourceLog(options, clock, logger),
  };
}

function createLive(base: BaseParts, life: HubLife): LiveParts {
  const { clock, random, addresses, registry, policies, limits, log, logger } = base;
  const levels = levelsOf(() => ({ sessions, broker }), life);
  const measurements = new Measurements(levels, clock);
  const observer = measurements.metrics;
  const streamLog = new StreamLog(log, observer);
  const sessions: Sessions = new Sessions({
    ...base,
    observer,
    welcome: () => addresses.welcome(clock.wallMs()),
    onLost: (deviceId, streamId) => broker.lose(streamId, deviceId),
  });
  const broker: Broker = new Broker({
    ...base,
    observer,
    log: streamLog,
    limits: new StreamLimits({ limits, clock, random, observer }),
    router: localRouter(sessions),
    streamingUrl: () => addresses.urls().streaming.replace(/^https:/, 'wss:'),
    onHandshake: (negotiation) => policyRevocation.check(negotiation),
    onStream: (deviceId) => revocation.check(deviceId),
  });
  const revocation = new Revocation({ registry, sessions, broker, logger });
  const policyRevocation = new PolicyRevocation({ policies, broker, followers: log.followers, clock, logger });
  return { measurements, observer, streamLog, sessions, broker, revocation, policyRevocation };
}

/** @param parts Made later than what measures them. */
function levelsOf(parts: () => Pick<LiveParts, 'sessions' | 'broker'>, { connections, certificateExpiryMs }: HubLife): HubLevels {
  return {
    devicesConnected: () => parts().sessions.connected,
    handshakes: () => parts().broker.handshakes,
    streams: () => parts().broker.streams,
    bytes: () => parts().broker.bytes,
    connections,
    certificateExpiryMs,
  };
}
